import type { Day } from "./calendar.ts";
import type { Casing, ClusterPart, Commitment, Resource, Subscription, Use } from "./model.ts";
import { meter, quantity } from "./prices.ts";
import { choose, guid, seedOf } from "./random.ts";

/** A subscription of a name, with a GUID of its own. */
export function subscription(name: string): Subscription {
  return { id: guid(`subscription ${name}`), name };
}

type Tags = readonly (readonly [string, string])[];

/** What a resource is made from; its ARM id follows from type, group and subscription. */
export interface ResourceSpec {
  readonly type: string;
  readonly name: string;
  readonly group: string;
  readonly subscription: Subscription;
  readonly owner: string;
  readonly environment?: string;
  /** Whether a tag states the owner; otherwise only its place or name tells. */
  readonly teamTag?: boolean;
  readonly tags?: Tags;
}

/** Makes a resource. Tag keys are cased as careless people case them; an environment becomes a tag. */
export function resource(spec: ResourceSpec): Resource {
  const [provider = "", ...types] = spec.type.split("/");
  const names = spec.name.split("/");
  const path = types.map((type, index) => `${type}/${names[index] ?? ""}`).join("/");
  const id = `/subscriptions/${spec.subscription.id}/resourceGroups/${spec.group}/providers/${provider}/${path}`;
  const environment = spec.environment ?? "";
  const tags: (readonly [string, string])[] = [];
  if (environment !== "")
    tags.push([
      choose(`environment key ${id}`, [
        "environment",
        "environment",
        "environment",
        "Environment",
        "ENVIRONMENT",
      ]),
      environment,
    ]);
  if (spec.teamTag === true)
    tags.push([choose(`team key ${id}`, ["team", "team", "team", "Team", "TEAM"]), spec.owner]);
  tags.push(...(spec.tags ?? []));
  return {
    id,
    name: names.at(-1) ?? "",
    type: spec.type,
    group: spec.group,
    subscription: spec.subscription,
    tags,
    environment,
    owner: spec.owner,
  };
}

/** What {@link use} may be told beyond resource, meter and quantity; see {@link Use}. */
export interface UseOptions {
  readonly noise?: number;
  readonly weekend?: number;
  readonly decimals?: number;
  readonly casing?: Casing;
  readonly details?: string;
  readonly owner?: string;
  readonly commitment?: Commitment;
  readonly since?: string;
  readonly until?: string;
  readonly idle?: readonly number[];
  readonly chance?: number;
  readonly partial?: boolean;
  readonly twins?: boolean;
  readonly long?: boolean;
  readonly when?: (day: Day) => boolean;
  readonly hours?: (day: Day) => readonly bigint[];
  readonly part?: ClusterPart;
  /** Tells two uses of one meter by one resource apart. */
  readonly key?: string;
}

/** A daily use of a meter; `daily` is a plain decimal of pricing units. Hours without noise stay whole. */
export function use(of: Resource, meterName: string, daily: string, options: UseOptions = {}): Use {
  const {
    key = "",
    noise = 0,
    weekend = 1000,
    decimals = 6,
    casing = "as-is",
    details = "",
    ...rest
  } = options;
  return {
    resource: of,
    meter: meter(meterName),
    seed: seedOf(`${of.id} ${meterName} ${key}`),
    quantity: quantity(daily),
    noise,
    weekend,
    decimals,
    casing,
    details,
    ...rest,
  };
}
