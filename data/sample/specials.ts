import { UNBILLED } from "./presence.ts";
import { at } from "./time.ts";

/** A stretch without any sample, from its first second to before `until`. */
export interface Gap {
  readonly environment: string;
  readonly from: number;
  readonly until: number;
}

/** Prometheus was down: for some hours, for a day, and over a midnight. */
export const GAPS: readonly Gap[] = [
  { environment: "production", from: at("2026-08-11T09:10"), until: at("2026-08-11T12:35") },
  { environment: "test", from: at("2026-07-22T00:00"), until: at("2026-07-23T00:00") },
  { environment: "integration", from: at("2026-08-17T22:00"), until: at("2026-08-18T03:00") },
];

/** A node whose kubelet could not be scraped: Kubernetes' data of it is there, usage is not. */
export const MUTE = {
  environment: "production",
  pool: "apps",
  instance: 2,
  from: at("2026-08-04T10:00"),
  until: at("2026-08-04T13:00"),
} as const;

/** A job that takes more than its node may give. */
export const OVERCOMMIT = {
  environment: "production",
  namespace: "pricing-rules",
  workload: "revaluation",
  from: at("2026-08-06T16:00"),
  until: at("2026-08-06T17:00"),
} as const;

/** A pod deleted and made anew under its old name. */
export const RECYCLED = {
  environment: "production",
  namespace: "claims-api",
  workload: "api",
  pod: "api-0",
  times: [at("2026-07-23T11:20"), at("2026-08-20T15:40")],
} as const;

/** No pod mounts this bound volume any more. */
export const UNMOUNTED = {
  environment: "production",
  namespace: "documents-search",
  workload: "search",
  from: at("2026-07-15T10:00"),
} as const;

/** A namespace deleted, and another made under its name with another team's label. */
export const REMADE = {
  environment: "test",
  namespace: "preview",
  until: at("2026-08-05T16:00"),
  from: at("2026-08-12T09:00"),
} as const;

/** A namespace whose label changed in the afternoon: the day still counts for the old value. */
export const RELABELLED = {
  environment: "preproduction",
  namespace: "underwriting-rules",
  from: at("2026-07-22T15:00"),
} as const;

/** A second service of type LoadBalancer. */
export const EDGE = {
  environment: "production",
  namespace: "broker-gateway",
  service: "broker-edge",
  from: at("2026-07-20T10:00"),
} as const;

/** From this day a rule gives the namespace to another team. */
export const HANDED_OVER = {
  environment: "production",
  namespace: "model-serving",
  before: "data-platform",
  after: "fraud",
  day: "2026-08-10",
} as const;

export { UNBILLED };
