import type { Backtest, Replayed } from "../../api/schemas/backtest.ts";
import { backtestRequest } from "../answers.ts";
import { Chart } from "../charts/chart.tsx";
import { FRONTIER_HEIGHT, type FrontierLine } from "../charts/drawing.ts";
import { formatCount } from "../format.ts";
import { hrefOf } from "../place.ts";
import { Ask } from "../parts/ask.tsx";
import { Panel } from "../parts/frame.tsx";
import { Status } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { useTitle } from "../parts/title.ts";

type Method = Replayed["methods"][number];
type Gate = Replayed["gates"][number];
type Estimate = Method["cpu"]["slack"];

const NAMES: Readonly<Record<string, string>> = {
  apportion: "Apportion",
  "krr-simple": "KRR simple",
  "krr-simple-limit": "KRR simple_limit",
  "vpa-target": "VPA target",
};
const FIGURES = {
  samplesOver: "time over the request",
  weeksOver: "weeks over",
  unmet: "use not covered",
} as const;
/** What is multiplied by less is over nearly always, and by more hardly ever; neither is a choice. */
const DRAWN = { least: 0.75, most: 2.5 };
/** The same of our CPU, whose frontier is by what a shortage costs. */
const DRAWN_DEARER = { least: 0.4, most: 6 };
/** Less than what was used is asked for below it; only who answers that is drawn there. */
const LEAST_SLACK = 0;

const nameOf = (method: string) => NAMES[method] ?? method;
/** Points of a hundred, with the sign that people write and none where it rounds to nothing. */
const points = (part: number) =>
  (part * 100)
    .toFixed(1)
    .replace(/^-0\.0$/, "0.0")
    .replace("-", "\u2212");
const percent = (part: number) => `${points(part)} %`;

/** Would the requests we recommend have held, and whose would have held better? */
export function BacktestPage() {
  const path = backtestRequest();
  useTitle("Backtest");
  return (
    <>
      <h1 tabIndex={-1}>Backtest</h1>
      <Ask<Backtest> path={path} lines={14}>
        {({ data }) => (data === null ? <Nothing /> : <Shown found={data} />)}
      </Ask>
    </>
  );
}

function Nothing() {
  return (
    <Panel title="Nothing to replay yet">
      <p>
        A replay fits every method on 28 days and scores it on the 7 after, so it needs five weeks
        of usage of a cluster. It is of the whole company: who sees some teams alone does not see
        it. <a href={hrefOf({}, "/data")}>Data</a> says which clusters are connected and since when.
      </p>
    </Panel>
  );
}

function Shown({ found }: { found: Replayed }) {
  const { days, testDays, origins, workloads, weeks, answered, oneOf } = found;
  return (
    <>
      <p class="lead">
        Every method was fitted on {days} days and scored on the {testDays} after, for{" "}
        {origins.length === 1 ? "one week" : `${origins.length} weeks`} from {origins[0]}:{" "}
        {formatCount(workloads)} containers of workloads, {formatCount(weeks)} weeks of them
        {oneOf === 1 ? "" : `, one of ${oneOf} parts of the namespaces`}. Compared are the weeks
        that every method answered: {formatCount(answered.cpu)} for CPU,{" "}
        {formatCount(answered.memory)} for memory.
      </p>
      <Panel title="CPU" id="cpu">
        <Chart
          label="Time over the request against slack, a line for each method. The lower, the better"
          height={FRONTIER_HEIGHT}
          table="cpu-table"
          drawing={{
            kind: "frontier",
            lines: found.methods.map((one) =>
              lineOf(
                one,
                one.frontier.cpu,
                (point) => point.samplesOver,
                one.method === "apportion",
              ),
            ),
            figure: "time over the request",
            description: "Time over the request against slack, by method",
          }}
        />
        <Table<Method>
          id="cpu-table"
          class="stacked"
          caption="CPU: what each method would have come to"
          rows={found.methods}
          keyOf={({ method }) => method}
          columns={[
            { id: "method", head: "Method", kind: "name", cell: ({ method }) => nameOf(method) },
            column("slack", "Slack", "asked for and not used", ({ cpu }) => cpu.slack),
            column("time", "Time over", "pod-time above the request", ({ cpu }) => cpu.samplesOver),
            column(
              "weeks",
              "Weeks over",
              "weeks with 5 % of their time above it",
              ({ cpu }) => cpu.weeksOver,
            ),
            column("unmet", "Not covered", "of what was used", ({ cpu }) => cpu.unmet),
            answers((one) => one.coverage.cpu),
            ...moves(found.methods, (churn) => churn.cpu),
          ]}
        />
      </Panel>
      <Panel title="Memory" id="memory">
        <Chart
          label="Weeks over the request against slack, a line for each method. The lower, the better"
          height={FRONTIER_HEIGHT}
          table="memory-table"
          drawing={{
            kind: "frontier",
            lines: found.methods
              .filter(({ method }) => method !== "krr-simple-limit")
              .map((one) => lineOf(one, one.frontier.memory, (point) => point.weeksOver, false)),
            figure: "weeks over the request",
            description: "Weeks over the memory request against slack, by method",
          }}
        />
        <Table<Method>
          id="memory-table"
          class="stacked"
          caption="Memory: what each method would have come to"
          rows={found.methods}
          keyOf={({ method }) => method}
          columns={[
            { id: "method", head: "Method", kind: "name", cell: ({ method }) => nameOf(method) },
            column("slack", "Slack", "asked for and not used", ({ memory }) => memory.slack),
            column(
              "weeks",
              "Weeks over",
              "highest use above it, or killed",
              ({ memory }) => memory.weeksOver,
            ),
            answers((one) => one.coverage.memory),
            ...moves(found.methods, (churn) => churn.memory),
          ]}
        />
      </Panel>
      <Panel title="At equal slack" id="gates">
        <p class="fine quiet">
          One of the two stands as it is, and the other is moved until both leave as much unused:
          answers are multiplied, and of our CPU a shortage is made dearer or cheaper. The
          difference is ours less theirs, the middle 95 % over {formatCount(found.resamples)} draws
          of the workloads: where it spans zero, chance alone could have decided.
        </p>
        <Table<Gate>
          class="stacked"
          caption="Ours beside each peer's at equal slack"
          rows={found.gates}
          keyOf={({ at, resource, figure, against }) => `${at} ${resource} ${figure} ${against}`}
          columns={[
            {
              id: "figure",
              head: "Figure",
              kind: "name",
              cell: ({ resource, figure }) =>
                `${resource === "cpu" ? "CPU" : "Memory"}, ${FIGURES[figure]}`,
            },
            {
              id: "against",
              head: "Against",
              kind: "text",
              cell: ({ against }) => nameOf(against),
            },
            {
              id: "slack",
              head: "Slack",
              kind: "number",
              cell: ({ slack, at }) => `${percent(slack)}, ${at}`,
            },
            { id: "ours", head: "Ours", kind: "number", cell: ({ ours }) => orNone(ours) },
            { id: "theirs", head: "Theirs", kind: "number", cell: ({ theirs }) => orNone(theirs) },
            {
              id: "difference",
              head: "Difference",
              kind: "number",
              title: "in points of a hundred",
              cell: ({ difference }) =>
                difference === null
                  ? ""
                  : `${points(difference.low)} to ${points(difference.high)}`,
            },
            { id: "holds", head: "Verdict", kind: "text", cell: verdict },
          ]}
        />
      </Panel>
    </>
  );
}

function verdict({ holds, within }: Gate) {
  if (holds === null) return <span class="none">no such slack</span>;
  if (!holds && within === true)
    return <Status tone="warn">at most theirs within a point of slack</Status>;
  return holds ? <Status tone="good">at most theirs</Status> : <Status tone="bad">more</Status>;
}

const orNone = (part: number | null) => (part === null ? "" : percent(part));

function column(id: string, head: string, title: string, of: (one: Method) => Estimate) {
  return {
    id,
    head,
    title,
    kind: "number" as const,
    cell: (one: Method) => {
      const { value, low, high } = of(one);
      return (
        <>
          {percent(value)}{" "}
          <span class="quiet">
            {points(low)}–{points(high)}
          </span>
        </>
      );
    },
  };
}

function answers(of: (one: Method) => number) {
  return {
    id: "coverage",
    head: "Answers",
    title: "Parts of the weeks in which it said anything",
    kind: "number" as const,
    cell: (one: Method) => percent(of(one)),
  };
}

/** Of one week nothing moves, and nothing is said of it. */
function moves(methods: readonly Method[], of: (churn: NonNullable<Method["churn"]>) => number) {
  if (methods.every(({ churn }) => churn === null)) return [];
  return [
    {
      id: "churn",
      head: "Moves",
      title: "How much an answer changes from one week to the next, on average",
      kind: "number" as const,
      cell: ({ churn }: Method) => (churn === null ? "" : percent(of(churn))),
    },
  ];
}

function lineOf<P extends { factor: number; slack: number }>(
  { method }: Method,
  frontier: readonly P[],
  of: (point: P) => number,
  byShortage: boolean,
): FrontierLine {
  const { least, most } = byShortage ? DRAWN_DEARER : DRAWN;
  const moved = (factor: number) =>
    factor === 1 ? "" : byShortage ? `, shortage × ${factor.toPrecision(2)}` : ` × ${factor}`;
  return {
    name: nameOf(method),
    ours: method === "apportion",
    points: frontier
      .filter(
        ({ factor, slack }) =>
          factor === 1 || (factor >= least && factor <= most && slack >= LEAST_SLACK),
      )
      .map((point) => ({
        slack: point.slack * 100,
        over: of(point) * 100,
        itself: point.factor === 1,
        tip: `${nameOf(method)}${moved(point.factor)}: ${percent(of(point))} over at ${percent(point.slack)} slack`,
      })),
  };
}
