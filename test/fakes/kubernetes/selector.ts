import type { StoredObject } from "./object.ts";
import { badRequest } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

/** Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function labelSelector(text: string): (labels: Labels) => boolean {
  const terms = text.match(/[^,()]+(?:\([^)]*\))?/g)?.map((term) => term.trim()) ?? [];
  const tests = terms.filter((term) => term !== "").map(oneTerm);
  return (labels) => tests.every((test) => test(labels));
}

function oneTerm(term: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return (labels) =>
      operator === "in"
        ? labels[key] !== undefined && values.has(labels[key])
        : labels[key] === undefined || !values.has(labels[key]);
  }
  const pair = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(term);
  if (pair !== null) {
    const [, key = "", operator, value] = pair;
    return (labels) => (operator === "!=") !== (labels[key] === value);
  }
  if (/^!\s*\S+$/.test(term)) {
    const key = term.slice(1).trim();
    return (labels) => labels[key] === undefined;
  }
  if (/^\S+$/.test(term)) return (labels) => labels[term] !== undefined;
  throw badRequest(`unable to parse requirement: ${term}`);
}

/** Reads `metadata.name=x` and `metadata.namespace!=y`; nothing else is served. */
export function fieldSelector(text: string): (object: StoredObject) => boolean {
  const terms = text.split(",").filter((term) => term !== "");
  const tests = terms.map((term) => {
    const match = /^metadata\.(name|namespace)(==?|!=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`field label not supported: ${term}`);
    const [, field, operator, value] = match;
    return ({ metadata }: StoredObject) =>
      (operator === "!=") !== (metadata[field as "name" | "namespace"] === value);
  });
  return (object) => tests.every((test) => test(object));
}
