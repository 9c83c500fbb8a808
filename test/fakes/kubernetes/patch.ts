import { badRequest } from "./status.ts";

type Json = unknown;
const isMap = (value: Json): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7396; strategic merge and apply are taken as this too, so lists are replaced whole. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const result: Record<string, Json> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

interface Step {
  op: string;
  path: string;
  value?: Json;
}

/** RFC 6902: add, replace, remove and test. */
export function jsonPatch(target: Json, steps: readonly Step[]): Json {
  const result = structuredClone(target);
  for (const { op, path, value } of steps) {
    const keys = path
      .split("/")
      .slice(1)
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = keys.pop();
    if (last === undefined) throw badRequest("a patch of the whole object is not served");
    let at = result as Record<string, Json>;
    for (const key of keys) {
      if (!isMap(at[key]) && !Array.isArray(at[key])) throw badRequest(`nothing at ${path}`);
      at = at[key] as Record<string, Json>;
    }
    if (op === "test") {
      if (JSON.stringify(at[last]) !== JSON.stringify(value))
        throw badRequest(`${path}: test failed`);
    } else if (op === "remove") {
      if (Array.isArray(at)) at.splice(Number(last), 1);
      else delete at[last];
    } else if (op === "add" || op === "replace") {
      if (Array.isArray(at)) {
        const index = last === "-" ? at.length : Number(last);
        at.splice(index, op === "replace" ? 1 : 0, value);
      } else at[last] = value;
    } else throw badRequest(`no operation ${op}`);
  }
  return result;
}
