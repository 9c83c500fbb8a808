/** A namespace's creation as an audit log tells it. */
export interface Creation {
  namespace: string;
  /** ISO 8601 UTC. */
  at: string;
  username: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The creations a line of an audit log tells of. A line is an `audit.k8s.io` event; or a record of
 * Azure's resource log, which holds that event as text in `properties.log` (or `log_s`); or a row of
 * the tables AKSAudit and AKSAuditAdmin; or an array or `records` of those. @throws SyntaxError
 */
export function creationsOf(line: string): Creation[] {
  return fromValue(JSON.parse(line));
}

function fromValue(value: unknown): Creation[] {
  if (Array.isArray(value)) return value.flatMap(fromValue);
  if (!isObject(value)) return [];
  if (Array.isArray(value["records"])) return value["records"].flatMap(fromValue);
  const properties = isObject(value["properties"]) ? value["properties"] : {};
  const text = properties["log"] ?? value["log_s"] ?? value["log"];
  if (typeof text === "string") return fromValue(JSON.parse(text));
  const found = creation(value);
  return found === null ? [] : [found];
}

function creation(event: Fields): Creation | null {
  // The tables of Log Analytics write the same names with a capital.
  const of = (fields: Fields, name: string) =>
    fields[name] ?? fields[name.charAt(0).toUpperCase() + name.slice(1)];
  const object = asObject(of(event, "objectRef"));
  const user = asObject(of(event, "user"));
  const status = Number(of(asObject(of(event, "responseStatus")), "code") ?? 0);
  const impersonated = asObject(of(event, "impersonatedUser"));
  const resource = of(object, "resource");
  const subresource = of(object, "subresource");
  // The API server writes an event twice: when it begins to answer and when it has.
  const stage = of(event, "stage") ?? "ResponseComplete";
  if (of(event, "verb") !== "create" || resource !== "namespaces" || subresource) return null;
  if (stage !== "ResponseComplete" || status < 200 || status >= 300) return null;
  // A create by generateName, or at the collection, is named by its answer alone.
  const answer = asObject(of(asObject(of(event, "responseObject")), "metadata"));
  const name = of(object, "name") ?? of(answer, "name");
  const username = of(impersonated, "username") ?? of(user, "username");
  const when = ["requestReceivedTimestamp", "requestReceivedTime", "timeGenerated"]
    .map((key) => of(event, key))
    .find((value) => typeof value === "string");
  const at = new Date(typeof when === "string" ? when : "");
  if (typeof name !== "string" || typeof username !== "string" || Number.isNaN(at.getTime()))
    return null;
  return { namespace: name, at: at.toISOString(), username };
}

function asObject(value: unknown): Fields {
  if (isObject(value)) return value;
  if (typeof value !== "string" || !value.startsWith("{")) return {};
  const parsed: unknown = JSON.parse(value);
  return isObject(parsed) ? parsed : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A service account, a node or a part of the control plane; never a person. */
export function isMachine(username: string): boolean {
  return (
    username.startsWith("system:") ||
    /^(?:aksService|masterclient|nodeclient|clusterUser|clusterAdmin)$/i.test(username)
  );
}
