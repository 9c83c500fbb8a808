/**
 * Which answers a page needs, from its address alone. The server asks the same function and puts the
 * answers into the page, so the first paint holds numbers; keys must therefore match to the letter.
 */

export const COSTS = ["effective", "billed", "list", "contracted"] as const;
export type Cost = (typeof COSTS)[number];

export const GROUPINGS = ["team", "businessUnit", "service", "environment"] as const;
/** What a table can be by: the overview's tabs, and what clusters are divided into. */
export type Grouping = (typeof GROUPINGS)[number] | "cluster" | "namespace";

export const POLICIES = ["configured", "keep", "proportional", "even"] as const;
export type Policy = (typeof POLICIES)[number];

export type Page =
  | { name: "overview" }
  | { name: "team"; team: string }
  | { name: "clusters" }
  | { name: "namespace"; cluster: string; namespace: string }
  | { name: "namespaces" }
  | { name: "life"; cluster: string; namespace: string }
  | { name: "explain" }
  | { name: "findings" }
  | { name: "backtest" }
  | { name: "data" }
  | { name: "months" }
  | { name: "missing" };

/** What of a page is in its address, each null (or empty) when it is the default. */
export interface View {
  month: string | null;
  cost: Cost | null;
  currency: string | null;
  policy: Policy | null;
  by: (typeof GROUPINGS)[number] | null;
  /** The cluster whose namespaces are shown. */
  cluster: string | null;
  /** What is explained. */
  target: string | null;
  sort: string | null;
  search: string;
  all: boolean;
  cursor: string | null;
  /** Of findings: the kind, the team and the state shown, and the one whose evidence is open. */
  kind: string | null;
  team: string | null;
  state: FindingState | null;
  finding: string | null;
}

export const FINDING_STATES = ["open", "dismissed", "claimed", "resolved"] as const;
export type FindingState = (typeof FINDING_STATES)[number];

const API = "/api/v1";
/** Every group in one answer: sums, sorting and search then need no second request. */
const ALL_ROWS = 1000;
const PAGE_ROWS = 50;
const TREND_MONTHS = 13;
const TEAM_FINDINGS = 5;

/** The page a path names. */
export function pageOf(pathname: string): Page {
  const parts = pathname.split("/").filter((part) => part !== "");
  if (parts.length === 0) return { name: "overview" };
  if (parts[0] === "namespaces" && parts.length === 1) return { name: "namespaces" };
  if (parts[0] === "namespaces" && parts.length === 3) {
    const [cluster, namespace] = [decoded(parts[1] ?? ""), decoded(parts[2] ?? "")];
    if (cluster !== null && namespace !== null) return { name: "life", cluster, namespace };
  }
  if (
    parts.length === 1 &&
    (parts[0] === "data" || parts[0] === "clusters" || parts[0] === "months")
  )
    return { name: parts[0] };
  if (
    parts.length === 1 &&
    (parts[0] === "explain" || parts[0] === "findings" || parts[0] === "backtest")
  )
    return { name: parts[0] };
  if (parts.length === 3 && parts[0] === "namespace") {
    const [cluster, namespace] = [decoded(parts[1] ?? ""), decoded(parts[2] ?? "")];
    if (cluster !== null && namespace !== null) return { name: "namespace", cluster, namespace };
  }
  if (parts.length === 2 && parts[0] === "team" && parts[1] !== undefined) {
    const team = decoded(parts[1]);
    if (team !== null) return { name: "team", team };
  }
  return { name: "missing" };
}

/** The view a query string asks for; what it says wrongly is dropped, not passed on. */
export function viewOf(search: string): View {
  const params = new URLSearchParams(search);
  return {
    month: shaped(params.get("month"), /^\d{4}-(0[1-9]|1[0-2])$/),
    cost: oneOf(COSTS, params.get("cost")),
    currency: shaped(params.get("currency"), /^[A-Z]{3}$/),
    policy: oneOf(POLICIES, params.get("policy")),
    by: oneOf(GROUPINGS, params.get("by")),
    cluster: shaped(params.get("cluster"), /^.{1,100}$/),
    target: shaped(params.get("target"), /^[a-z]+:.{1,900}$/),
    sort: shaped(params.get("sort"), /^-?[a-z]+$/i),
    search: (params.get("q") ?? "").slice(0, 200),
    all: params.get("all") === "1",
    cursor: shaped(params.get("cursor"), /^[\w.~=-]{1,64}$/),
    kind: shaped(params.get("kind"), /^[a-z-]{1,60}$/),
    team: shaped(params.get("team"), /^.{1,200}$/),
    state: oneOf(FINDING_STATES, params.get("state")),
    finding: shaped(params.get("finding"), /^[0-9a-f]{16}$/),
  };
}

/** Who looks; every page carries it. */
export const ME = `${API}/me`;

/** The requests of the overview, by what they are for. */
export function overviewRequests(view: View): { groups: string; trend: string; movers: string } {
  return {
    groups: showback({ by: view.by ?? "team", limit: ALL_ROWS }, view),
    trend: trend({ months: TREND_MONTHS }, view),
    movers: movers({ limit: 10 }, view),
  };
}

/** The requests of one team's page, by what they are for. */
export function teamRequests(team: string, view: View) {
  // A search or an order over one page of many would lie, so either asks for all there is.
  const whole = view.search !== "" || view.sort !== null;
  const rows = whole ? { limit: ALL_ROWS } : { limit: PAGE_ROWS, cursor: view.cursor };
  return {
    total: showback({ by: "team", team }, view),
    days: showback({ by: "day", team }, view),
    trend: trend({ team, months: TREND_MONTHS }, view),
    services: showback({ by: "service", team }, view),
    environments: showback({ by: "environment", team }, view),
    resources: showback({ by: "resource", team, ...rows }, view),
    movers: movers({ team, limit: 8 }, view),
    findings: path("findings", { team, limit: TEAM_FINDINGS }),
  };
}

/** The requests of the clusters page, by what they are for. */
export function clustersRequests(view: View) {
  const { cluster } = view;
  return {
    clusters: showback({ by: "cluster", limit: ALL_ROWS }, view),
    namespaces: showback({ by: "namespace", cluster, limit: ALL_ROWS }, view),
    trend: trend({ by: "cluster", cluster, months: TREND_MONTHS }, view),
  };
}

/** The requests of one namespace's page, by what they are for. */
export function namespaceRequests(cluster: string, namespace: string, view: View) {
  const within = { cluster, namespace };
  const { month } = view;
  return {
    total: showback({ by: "namespace", ...within }, view),
    owners: showback({ by: "team", ...within }, view),
    trend: trend({ ...within, months: TREND_MONTHS }, view),
    days: showback({ by: "day", ...within }, view),
    usage: path("usage", { by: "day", ...within, month }),
    // Workloads are known before anything is passed on, whatever the policy.
    workloads: showback({ by: "workload", ...within, limit: ALL_ROWS }, { ...view, policy: null }),
    workloadUsage: path("usage", { by: "workload", ...within, month }),
  };
}

/** The requests of the findings page, by what they are for. */
export function findingsRequests(view: View) {
  const { kind, team, state, search, currency, cluster, cursor } = view;
  return {
    list: path("findings", {
      kind,
      team,
      cluster,
      state,
      q: search === "" ? null : search,
      currency,
      limit: PAGE_ROWS,
      cursor,
    }),
    ...(view.finding === null ? {} : { one: findingRequest(view.finding) }),
  };
}

/** The request of one finding's evidence. */
export function findingRequest(id: string): string {
  return path(`findings/${id}`, {});
}

/** The request behind "why": a page of lines, dearest first. */
export function explainRequest(target: string, view: View): string {
  const workload = target.startsWith("workload:");
  const about = measured(workload ? { ...view, policy: null } : view);
  return path("explain", { target, limit: PAGE_ROWS, cursor: view.cursor, ...about });
}

/** The requests of the data page, by what they are for. */
export function dataRequests(view: View): { reconciliation: string; sources: string } {
  return {
    reconciliation: path("reconciliation", { month: view.month }),
    sources: path("sources", {}),
  };
}

/** The request of the backtest page. */
export function backtestRequest(): string {
  return path("backtest", {});
}

/** The request of the page of all namespaces. */
export function namespacesRequest(): string {
  return path("namespaces", { limit: ALL_ROWS });
}

/** The request of one namespace's life. */
export function lifeRequest(cluster: string, namespace: string): string {
  return `${API}/namespaces/${encodeURIComponent(cluster)}/${encodeURIComponent(namespace)}`;
}

/** The request of the months page: every month, so that one click shows another. */
export function statementsRequest(): string {
  return path("statements", {});
}

/** What one statement changes against the one before. */
export function statementDiffRequest(month: string, number: number): string {
  return path(`statements/${month}/${number}/diff`, {});
}

/** Whose cost a page is about. */
export interface About {
  team?: string | null;
  cluster?: string | null;
  namespace?: string | null;
}

/** One more month's days, to compare an open month with as many days of the one before. */
export function daysRequest(month: string, about: About, view: View): string {
  return showback({ by: "day", ...about }, { ...view, month });
}

/** The API paths, query included, that the page at this address needs first. */
export function initialRequests(pathname: string, search: string): string[] {
  const page = pageOf(pathname);
  const view = viewOf(search);
  if (page.name === "overview") return Object.values(overviewRequests(view));
  if (page.name === "team") return Object.values(teamRequests(page.team, view));
  if (page.name === "clusters") return Object.values(clustersRequests(view));
  if (page.name === "namespace")
    return Object.values(namespaceRequests(page.cluster, page.namespace, view));
  if (page.name === "explain" && view.target !== null) return [explainRequest(view.target, view)];
  if (page.name === "namespaces") return [namespacesRequest()];
  if (page.name === "life") return [lifeRequest(page.cluster, page.namespace)];
  if (page.name === "findings") return Object.values(findingsRequests(view));
  if (page.name === "backtest") return [backtestRequest()];
  if (page.name === "data") return Object.values(dataRequests(view));
  if (page.name === "months") return [statementsRequest()];
  return [];
}

/** The mark in `index.html` that the answers take the place of. */
const PLACEHOLDER = /(<script type="application\/json" id="answers">)\s*\{\}\s*(<\/script>)/;

/**
 * The page with its first answers in it, by API path. `<` is written as an escape, so no name in the
 * data can end the block; a failed request's problem JSON may stand as its answer.
 */
export function withAnswers(html: string, answers: Record<string, unknown>): string {
  const json = JSON.stringify(answers).replaceAll("<", "\\u003c");
  return html.replace(PLACEHOLDER, (_, open: string, close: string) => open + json + close);
}

type Params = Record<string, string | number | null | undefined>;

function showback(params: Params, view: View): string {
  return path("showback", { ...params, ...measured(view) });
}

/** Without the month: the last 13 stay in place while a person walks through them. */
function trend(params: Params, view: View): string {
  return path("showback/trend", { ...params, ...measured({ ...view, month: null }) });
}

function movers(params: Params, view: View): string {
  return path("showback/movers", { ...params, ...measured(view) });
}

function measured(view: View): Params {
  const { month, cost, currency, policy } = view;
  return { month, cost, currency, policy };
}

function path(name: string, params: Params): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== null && value !== undefined) query.set(key, String(value));
  }
  const text = query.toString();
  return `${API}/${name}${text === "" ? "" : `?${text}`}`;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function shaped(value: string | null, shape: RegExp): string | null {
  return value !== null && shape.test(value) ? value : null;
}

function oneOf<T extends string>(values: readonly T[], value: string | null): T | null {
  return values.find((one) => one === value) ?? null;
}
