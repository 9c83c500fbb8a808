import type { V1ObjectMeta } from "@kubernetes/client-node";
import { byKey } from "../quantity.ts";

/** What of any object is landed; one line of a scan's NDJSON. */
export interface InventoryObject {
  kind: string;
  /** '' for what belongs to the whole cluster. */
  namespace: string;
  name: string;
  uid: string;
  /** ISO 8601 with milliseconds, UTC; null where the server gives none. */
  created: string | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  controllerKind: string | null;
  controllerName: string | null;
  controllerUid: string | null;
  /** The node a pod is bound to, by name. */
  nodeName: string | null;
  /** The node's key, of a Node itself. */
  node: string | null;
  /** Facts of the kind; the keys stand at the kind's function. */
  spec: Record<string, unknown>;
}

/** The part of a kind that is its own. */
export interface KindFacts {
  spec: Record<string, unknown>;
  nodeName?: string | null | undefined;
  node?: string | null;
}

// What controllers write there changes by itself and says nothing about who owns what.
const NOISE =
  /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|deployment\.kubernetes\.io\/.*|autoscaling\.alpha\.kubernetes\.io\/.*|control-plane\.alpha\.kubernetes\.io\/.*|node\.alpha\.kubernetes\.io\/ttl|csi\.volume\.kubernetes\.io\/.*|volumes?\.(?:beta\.)?kubernetes\.io\/.*|pv\.kubernetes\.io\/.*|endpoints\.kubernetes\.io\/.*|kubernetes\.io\/config\..*|cni\.projectcalico\.org\/.*|k8s\.v1\.cni\.cncf\.io\/.*|projectcalico\.org\/.*|field\.cattle\.io\/publicEndpoints|cattle\.io\/status|.*leader(?:election)?|cluster-autoscaler\.kubernetes\.io\/(?!safe-to-evict).*)$/i;
/** Longer values are documents, not answers a rule could match. */
const LONGEST = 4_096;

/** An object as it is landed; what a kind adds comes from `facts`. */
export function inventoryObject(
  kind: string,
  metadata: V1ObjectMeta | undefined,
  facts: KindFacts,
): InventoryObject {
  const namespace = text(metadata?.namespace);
  const name = text(metadata?.name);
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller === true);
  return {
    kind,
    namespace,
    name,
    uid: text(metadata?.uid) || `name:${namespace}/${name}`,
    created: time(metadata?.creationTimestamp) ?? null,
    labels: sorted(metadata?.labels),
    annotations: sorted(
      metadata?.annotations,
      (key, value) => !NOISE.test(key) && value.length <= LONGEST,
    ),
    controllerKind: controller === undefined ? null : text(controller.kind),
    controllerName: controller === undefined ? null : text(controller.name),
    controllerUid: controller === undefined ? null : text(controller.uid),
    nodeName: text(facts.nodeName) || null,
    node: facts.node ?? null,
    spec: compact({
      created: time(metadata?.creationTimestamp),
      deleting: time(metadata?.deletionTimestamp),
      ...facts.spec,
    }),
  };
}

/** Text that is valid Unicode: half of a surrogate pair is no JSON. */
function text(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : "";
}

/** A map of text in the order of its keys, so that an order alone is no change. */
export function sorted(
  map: Readonly<Record<string, string>> | null | undefined,
  keep: (key: string, value: string) => boolean = () => true,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map ?? {})
      .map(([key, value]) => [text(key), text(value)] as const)
      .filter(([key, value]) => keep(key, value))
      .toSorted(byKey),
  );
}

/** ISO 8601 with milliseconds, so that text sorts as time; undefined where there is none. */
export function time(value: Date | string | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Without keys that hold nothing: null, false, '', [] and {}. */
export function compact(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).filter(
      ([, value]) =>
        value !== undefined &&
        value !== null &&
        value !== false &&
        value !== "" &&
        !(Array.isArray(value) && value.length === 0) &&
        !isEmptyObject(value),
    ),
  );
}

const PLAIN = Object.prototype;
function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === PLAIN &&
    Object.keys(value).length === 0
  );
}
