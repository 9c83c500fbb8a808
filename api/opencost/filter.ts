import { AppError } from "../../data/errors.ts";

/** The controller's name where it is of that kind, nothing where it is of another. */
const KINDS = ["deployment", "statefulset", "daemonset", "job"] as const;
const CONTROLLERS = ["controllerKind", "controller", ...KINDS] as const;
/** What a filter and an aggregate can look at. */
export const FIELDS = ["cluster", "namespace", ...CONTROLLERS, "team"] as const;
export type Field = (typeof FIELDS)[number];
/** Whether a field tells the workloads of a namespace apart. */
export const isOfWorkloads = (field: Field) => CONTROLLERS.some((one) => one === field);
export type Properties = Record<Field, string>;

/** A workload's properties; `kind` as Kubernetes writes it. */
export function propertiesOf(of: {
  cluster: string;
  namespace: string;
  kind: string;
  workload: string;
  team: string;
}): Properties {
  const controllerKind = of.kind.toLowerCase();
  const named = Object.fromEntries(
    KINDS.map((kind) => [kind, kind === controllerKind ? of.workload : ""]),
  ) as Record<(typeof KINDS)[number], string>;
  const { cluster, namespace, workload: controller, team } = of;
  return { cluster, namespace, controllerKind, controller, ...named, team };
}

export interface Filter {
  /** Fields the filter looks at, so that no finer rows are fetched than are needed. */
  fields: Set<Field>;
  matches(properties: Properties): boolean;
}

const OPERATORS: Record<string, (value: string, given: string) => boolean> = {
  ":": (value, given) => value === given,
  "~:": (value, given) => value.includes(given),
  "<~:": (value, given) => value.startsWith(given),
  "~>:": (value, given) => value.endsWith(given),
};

const CONDITION = /^\s*([A-Za-z]+)(!?)(<~:|~>:|~:|:)\s*/;
const VALUE = /^\s*"((?:[^"\\]|\\.)*)"\s*/;
const MOST_CONDITIONS = 100;

/** Everything passes. */
export const ALL: Filter = { fields: new Set(), matches: () => true };

/**
 * Reads OpenCost's filter grammar: `namespace:"a","b"+controller!~:"x"|cluster:"p"`. A comma is any
 * of, `+` is and, `|` is or; and binds tighter. BAD_PARAMETER says at which character it broke.
 */
export function parseFilter(text: string): Filter {
  const fields = new Set<Field>();
  const anyOf: ((properties: Properties) => boolean)[][] = [[]];
  let rest = text;
  let count = 0;
  const refuse = (what: string): never => {
    throw new AppError(
      "BAD_PARAMETER",
      `filter: ${what} at character ${text.length - rest.length + 1}; write it as namespace:"a","b"+controller!:"c"`,
    );
  };
  for (;;) {
    const head = CONDITION.exec(rest);
    if (head === null) return refuse("a field and an operator were expected");
    const [whole, name = "", not = "", operator = ":"] = head;
    const field = FIELDS.find((one) => one === name);
    if (field === undefined) return refuse(`"${name}" is no field we know (${FIELDS.join(", ")})`);
    rest = rest.slice(whole.length);
    const values: string[] = [];
    for (;;) {
      const value = VALUE.exec(rest);
      if (value === null) return refuse("a value in double quotes was expected");
      values.push((value[1] ?? "").replaceAll(/\\(.)/g, "$1"));
      rest = rest.slice(value[0].length);
      if (!rest.startsWith(",")) break;
      rest = rest.slice(1);
    }
    count += values.length;
    if (count > MOST_CONDITIONS) return refuse(`more than ${MOST_CONDITIONS} values`);
    fields.add(field);
    const compare = OPERATORS[operator];
    anyOf.at(-1)?.push((properties) => {
      const found = values.some((given) => compare?.(properties[field], given) === true);
      return not === "" ? found : !found;
    });
    if (rest === "") break;
    if (rest.startsWith("|")) anyOf.push([]);
    else if (!rest.startsWith("+")) return refuse("+ or | was expected");
    rest = rest.slice(1);
  }
  return {
    fields,
    matches: (properties) => anyOf.some((all) => all.every((holds) => holds(properties))),
  };
}
