/** Namespaces that somebody made in the cluster for trying things, and who works at the company. */

export interface Person {
  readonly name: string;
  readonly manager: string | null;
  readonly team: string;
  /** The day from which they are not there any more. */
  readonly left?: string;
  /** Their id in Rancher. */
  readonly rancher?: string;
}

export const PEOPLE: readonly Person[] = [
  { name: "ann.berger", manager: "carla.engel", team: "claims", rancher: "u-4xk2p" },
  {
    name: "jonas.falk",
    manager: "carla.engel",
    team: "claims",
    left: "2026-05-01",
    rancher: "u-9d7tq",
  },
  { name: "carla.engel", manager: null, team: "claims" },
  { name: "mira.okafor", manager: "paul.stein", team: "pricing", rancher: "u-w2hfm" },
  { name: "paul.stein", manager: null, team: "pricing" },
  { name: "li.zhang", manager: null, team: "fraud" },
  { name: "tom.varga", manager: null, team: "broker" },
  { name: "sofia.rossi", manager: null, team: "underwriting" },
  { name: "nils.aune", manager: "greta.holm", team: "platform" },
  { name: "greta.holm", manager: null, team: "platform" },
];

export interface Forgotten {
  readonly name: string;
  readonly created: string;
  readonly workload: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whom a RoleBinding gives it to. */
  readonly binding?: string;
  /** How much its claim asks for. */
  readonly volume?: string;
  /** From this scan on somebody had changed something in it. */
  readonly touched?: string;
  /** Put to sleep by kube-green. */
  readonly sleeps?: true;
}

export const FORGOTTEN: readonly Forgotten[] = [
  {
    name: "claims-fnol-poc",
    created: "2025-03-11T09:20:00Z",
    workload: "fnol",
    annotations: { owner: "ann.berger@northwind.example" },
    volume: "64Gi",
  },
  {
    name: "claims-photo-triage",
    created: "2024-11-05T13:02:00Z",
    workload: "triage",
    annotations: { "field.cattle.io/creatorId": "u-9d7tq" },
    volume: "256Gi",
  },
  {
    name: "pricing-hackathon-2025",
    created: "2025-10-17T07:45:00Z",
    workload: "glm-service",
    annotations: { "field.cattle.io/creatorId": "u-w2hfm" },
  },
  {
    name: "fraud-graph-trial",
    created: "2025-06-24T15:31:00Z",
    workload: "neo4j",
    annotations: { "kyverno.io/created-by": "li.zhang@northwind.example" },
    volume: "512Gi",
  },
  {
    name: "broker-loadtest",
    created: "2025-09-02T08:00:00Z",
    workload: "k6",
    binding: "tom.varga",
  },
  {
    name: "underwriting-rules-v1",
    created: "2024-06-18T10:15:00Z",
    workload: "rules",
    annotations: { "apportion.io/owner": "sofia.rossi@northwind.example" },
    volume: "32Gi",
  },
  {
    name: "kafka-upgrade-test",
    created: "2026-02-03T11:00:00Z",
    workload: "kafka",
    annotations: { owner: "nils.aune@northwind.example" },
    volume: "128Gi",
  },
  { name: "tmp-demo-board", created: "2025-12-01T16:40:00Z", workload: "board" },
  {
    name: "pricing-sandbox",
    created: "2025-01-20T09:00:00Z",
    workload: "notebooks",
    annotations: { owner: "mira.okafor@northwind.example" },
    touched: "2026-07-22T06:00:00Z",
  },
  {
    name: "claims-year-end",
    created: "2024-10-01T08:00:00Z",
    workload: "closing",
    annotations: { owner: "carla.engel@northwind.example", "janitor/ttl": "forever" },
  },
  {
    name: "broker-portal-next",
    created: "2025-11-11T09:30:00Z",
    workload: "portal",
    labels: { "argocd.argoproj.io/instance": "broker-portal-next" },
  },
  {
    name: "underwriting-nights",
    created: "2025-05-06T09:30:00Z",
    workload: "batch",
    annotations: { owner: "sofia.rossi@northwind.example" },
    sleeps: true,
  },
];
