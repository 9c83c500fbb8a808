import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { TSchema } from "typebox";
import { Value } from "typebox/value";
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
} from "yaml";
import { AppError, firstLine, printable } from "./errors.ts";

/**
 * Reads YAML that people wrote and says where it is wrong: every problem with file:line:column,
 * unknown keys with the nearest known one. Knows no section; each room hands in its own schema.
 */

type Path = readonly (string | number)[];

export interface Located {
  file: string;
  folder: string;
  value: unknown;
  /** `file:line:column` of a value, or of a key inside a map. */
  at(path: Path, key?: string): string;
}

// Far beyond any real file, and far below what an alias bomb needs.
const MAX_BYTES = 4 << 20;

/** Parses a file; syntax errors, unknown tags and alias bombs are refused with their place. */
export function readYaml(file: string, missing: string): Located {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new AppError(
      "CONFIG_MISSING",
      `${file}: cannot be read (${code ?? "unreadable"}); ${missing}`,
      { cause: error },
    );
  }
  if (!isUtf8(bytes))
    throw new AppError("CONFIG_INVALID", `${file}: is not UTF-8 text; save it as UTF-8`);
  return parseYaml(file, bytes.toString("utf8"));
}

export function parseYaml(file: string, text: string): Located {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new AppError("CONFIG_INVALID", `${file}: larger than ${MAX_BYTES} bytes; split it`);
  const lines = new LineCounter();
  let document: Document;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  } catch (error) {
    // Nesting beyond any stack.
    throw new AppError("CONFIG_INVALID", `${file}: ${firstLine((error as Error).message)}`, {
      cause: error,
    });
  }
  const place = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control !== null)
    throw new AppError(
      "CONFIG_INVALID",
      `${place(control.index)}: the control character ${printable(control[0])} has no place in text; remove it`,
    );
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined)
    throw new AppError("CONFIG_INVALID", `${place(fault.pos[0])}: ${printable(fault.message)}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    let alias: number | undefined;
    visit(document, {
      Alias(_, node) {
        alias = node.range?.[0];
        return visit.BREAK;
      },
    });
    throw new AppError(
      "CONFIG_INVALID",
      `${place(alias)}: ${firstLine((error as Error).message)}; write it without so many aliases`,
      { cause: error },
    );
  }
  return {
    file,
    folder: dirname(resolve(file)),
    value: value ?? {},
    at: (path, key) => place(offsetOf(document, path, key)),
  };
}

function offsetOf(document: Document, path: Path, key?: string): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown =
      length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (!isNode(node)) continue;
    if (key !== undefined && length === path.length && isMap(node))
      for (const pair of node.items)
        if (isPair(pair) && isScalar(pair.key) && String(pair.key.value) === key)
          return pair.key.range?.[0];
    return node.range?.[0];
  }
  return undefined;
}

interface SchemaNode {
  [key: string]: unknown;
  type?: string;
  anyOf?: SchemaNode[];
  const?: unknown;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  description?: string;
}

interface SchemaFault {
  keyword: string;
  instancePath: string;
  message: string;
  params: { additionalProperties?: string[]; requiredProperties?: string[]; limit?: unknown };
}

/**
 * Checks `value` (which stands at `path` in the file) against a schema; throws one CONFIG_INVALID
 * that lists every problem with its place.
 */
export function checkSection(located: Located, path: Path, value: unknown, schema: TSchema): void {
  if (!Value.Check(schema, value)) {
    const faults = [...Value.Errors(schema, value)] as unknown as SchemaFault[];
    const said = new Set<string>();
    for (const fault of faults) describe(located, path, value, schema as SchemaNode, fault, said);
    if (said.size === 0) said.add(`${located.at(path)}: not as the schema says`);
    throw new AppError("CONFIG_INVALID", [...said].join("\n"));
  }
  checkSecrets(located, path, value, schema as SchemaNode);
}

function describe(
  located: Located,
  base: Path,
  value: unknown,
  schema: SchemaNode,
  fault: SchemaFault,
  said: Set<string>,
): void {
  const inner = fault.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const path = [...base, ...inner];
  const name = path.length === 0 ? "the file" : path.join(".");
  const node = schemaAt(schema, inner);
  const got = node?.["secret"] === true ? "not text" : shown(valueAt(value, inner));
  if (fault.keyword === "additionalProperties") {
    const known = Object.keys(node?.properties ?? {});
    for (const key of fault.params.additionalProperties ?? [])
      said.add(`${located.at(path, key)}: unknown key "${printable(key)}"${hint(key, known)}`);
  } else if (fault.keyword === "required")
    for (const key of fault.params.requiredProperties ?? [])
      said.add(`${located.at(path)}: ${path.length === 0 ? "" : `${name}: `}"${key}" is missing`);
  else if (fault.keyword === "const" || fault.keyword === "anyOf") {
    const allowed = (node?.anyOf ?? []).flatMap((option) =>
      option.const === undefined ? [] : [JSON.stringify(option.const)],
    );
    const wanted =
      allowed.length > 0 ? `one of ${allowed.join(", ")}` : (node?.description ?? "something else");
    said.add(`${located.at(path)}: ${name} is ${got}; it must be ${wanted}`);
  } else if (fault.keyword !== "boolean")
    said.add(
      `${located.at(path)}: ${name} is ${got}; it ${node?.description ? `must be ${node.description}` : fault.message}`,
    );
}

function schemaAt(schema: SchemaNode, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const part of path) {
    const step: SchemaNode | undefined = node;
    const options: SchemaNode[] = step?.anyOf ?? (step === undefined ? [] : [step]);
    node = undefined;
    for (const option of options)
      node ??= typeof part === "number" ? option.items : option.properties?.[part];
  }
  return node;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string | number, unknown> | undefined)?.[part];
  return at;
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = printable(JSON.stringify(value) ?? "missing");
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** ` - did you mean "x"?` for the nearest of `known`, or the list of them. */
export function hint(key: string, known: readonly string[]): string {
  let nearest: string | undefined;
  let best = Math.max(2, Math.floor(key.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(key.toLowerCase(), candidate.toLowerCase());
    if (distance < best) [best, nearest] = [distance, candidate];
  }
  if (nearest !== undefined) return ` - did you mean "${nearest}"?`;
  return known.length === 0 ? "" : `; known here: ${known.join(", ")}`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

// In any other value it would be taken as it stands: a folder of that name, say.
const LOOKS_LIKE_REFERENCE = /\$\{(env|file):/;
const REFERENCE = /^\$\{(env|file):([^}]+)\}$/;

function checkSecrets(located: Located, path: Path, value: unknown, schema: SchemaNode): void {
  if (value === undefined || value === null) return;
  for (const option of schema.anyOf ?? []) checkSecrets(located, path, value, option);
  if (schema["secret"] === true && typeof value === "string" && !REFERENCE.test(value))
    throw new AppError(
      "CONFIG_SECRET",
      `${located.at(path)}: ${path.join(".")} holds a secret; give it as \${env:NAME} or \${file:PATH}`,
    );
  if (
    schema["secret"] !== true &&
    schema.type === "string" &&
    typeof value === "string" &&
    LOOKS_LIKE_REFERENCE.test(value)
  )
    throw new AppError(
      "CONFIG_INVALID",
      `${located.at(path)}: ${path.join(".")} is ${shown(value)}; only secrets are read from \${env:…} and \${file:…}, write the value itself`,
    );
  if (typeof value !== "object") return;
  if (Array.isArray(value) && schema.items !== undefined)
    for (const [index, item] of value.entries())
      checkSecrets(located, [...path, index], item, schema.items);
  for (const [key, child] of Object.entries(schema.properties ?? {}))
    checkSecrets(located, [...path, key], (value as Record<string, unknown>)[key], child);
}

/** The value a `${env:NAME}` or `${file:PATH}` names; `what` and never the value is in the error. */
export function readSecret(reference: string, folder: string, what: string): string {
  const match = REFERENCE.exec(reference);
  const [, kind, name] = match ?? [];
  if (kind === "env") {
    const value = process.env[name as string];
    if (value === undefined || value === "")
      throw new AppError("CONFIG_SECRET", `${what}: the environment has no ${name}; set it`);
    return value;
  }
  if (kind === "file")
    try {
      return readFileSync(resolve(folder, name as string), "utf8").trim();
    } catch (error) {
      throw new AppError("CONFIG_SECRET", `${what}: ${name} cannot be read`, { cause: error });
    }
  throw new AppError("CONFIG_SECRET", `${what}: write it as \${env:NAME} or \${file:PATH}`);
}
