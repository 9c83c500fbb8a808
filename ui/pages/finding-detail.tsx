import { useMemo, useState } from "preact/hooks";
import type { FindingDetail, FindingHour } from "../../api/schemas/findings.ts";
import { Chart } from "../charts/chart.tsx";
import {
  type Drawing,
  EVIDENCE_HEIGHT,
  type EvidenceHour,
  type EvidenceRow,
} from "../charts/drawing.ts";
import { digitsFor, formatAmount } from "../format.ts";
import { monthShort } from "../dates.ts";
import { hrefOf } from "../place.ts";
import { visible } from "../text.ts";
import { Amount } from "../parts/amount.tsx";
import { Ask } from "../parts/ask.tsx";
import { Table } from "../parts/table.tsx";
import { figure } from "./usage.tsx";

const DAYS_HEIGHT = 160;
/** Evidence in codes, which `why` says in words. */
const SAID_BY_WHY = new Set(["class", "decided by"]);

/** The evidence of one finding, and what to do about it. */
export function FindingDetailPanel({ path, kind }: { path: string; kind: string }) {
  const height = kind.endsWith("container") ? EVIDENCE_HEIGHT : DAYS_HEIGHT;
  return (
    <Ask<FindingDetail> path={path} height={height + 120}>
      {(answer) => <Detail detail={answer.data} />}
    </Ask>
  );
}

function Detail({ detail }: { detail: FindingDetail["data"] }) {
  const { finding, hours, days, patch, recommendation, why } = detail;
  const facts = finding.evidence.filter(({ fact }) => why.length === 0 || !SAID_BY_WHY.has(fact));
  return (
    <div class="finding">
      <div class="finding-text">
        <p>
          <strong>{finding.action}</strong>
        </p>
        <dl class="facts">
          {facts.map(({ fact, value }) => (
            <div key={fact}>
              <dt>{fact}</dt>
              <dd>{visible(value)}</dd>
            </div>
          ))}
          <div>
            <dt>first seen</dt>
            <dd>{finding.firstSeen}</dd>
          </div>
          {finding.dismissed !== null && (
            <div>
              <dt>dismissed</dt>
              <dd>
                until {finding.dismissed.until} by {visible(finding.dismissed.by)}:{" "}
                {visible(finding.dismissed.reason)}
              </dd>
            </div>
          )}
          {finding.resolvedOn !== null && (
            <div>
              <dt>resolved</dt>
              <dd>
                {finding.resolvedOn}; less on the bill since:{" "}
                <Amount value={finding.saved ?? "0"} currency={finding.currency} />{" "}
                {finding.currency}
              </dd>
            </div>
          )}
          {finding.claimedBy !== null && (
            <div>
              <dt>its money is claimed by</dt>
              <dd>
                <a href={hrefOf({ finding: finding.claimedBy, state: null })}>
                  the finding above it
                </a>
              </dd>
            </div>
          )}
          <div>
            <dt>id</dt>
            <dd>
              <code>{finding.id}</code>
            </dd>
          </div>
        </dl>
      </div>
      <div class="finding-chart">
        {hours.length > 0 && recommendation !== null ? (
          <Hours detail={detail} />
        ) : (
          <Days days={days} currency={finding.currency} id={finding.id} />
        )}
        {why.length > 0 && (
          <dl class="why" aria-label="Why">
            {why.map(({ code, meaning }) => (
              <div key={code}>
                <dt>
                  <code>{code}</code>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      {patch !== null && <Patches patch={patch} />}
    </div>
  );
}

function Patches({ patch }: { patch: NonNullable<FindingDetail["data"]["patch"]> }) {
  return (
    <div class="patches">
      <Patch title="Strategic merge" text={patch.strategic} open />
      <Patch title="Kustomize" text={patch.kustomize} />
      <Patch title="Helm values" text={patch.helm} />
    </div>
  );
}

function Patch({ title, text, open }: { title: string; text: string; open?: boolean }) {
  const [copied, setCopied] = useState(false);
  return (
    <details open={open === true}>
      <summary>{title}</summary>
      <pre tabIndex={0} aria-label={`${title} patch`}>
        {visible(text).replaceAll("\\u{a}", "\n")}
      </pre>
      <button
        type="button"
        class="button"
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => setCopied(true));
        }}
      >
        {copied ? "Copied" : "Copy"}
      </button>
    </details>
  );
}

const MARKS = [
  ["average", "used, average"],
  ["max", "used, highest five minutes"],
  ["request", "requested"],
  ["limit", "limit"],
  ["recommended", "recommended"],
  ["krr", "KRR"],
  ["vpa", "VPA"],
  ["mark", "killed for memory, throttled"],
] as const;

function Hours({ detail }: { detail: FindingDetail["data"] }) {
  const { finding, hours, recommendation } = detail;
  const drawing = useMemo((): Drawing => {
    const rows = recommendation === null ? [] : rowsOf(hours, recommendation);
    return {
      kind: "evidence",
      evidence: { rows },
      description: `CPU and memory of ${finding.name}: used, requested, recommended`,
    };
  }, [hours, recommendation, finding.name]);
  return (
    <>
      <ul class="key many" aria-label="Lines of the chart">
        {MARKS.map(([name, text]) => (
          <li key={name}>
            <svg width="20" height="12" aria-hidden="true" class={`evidence-${name}`}>
              {name === "max" ? (
                <rect x="0" y="2" width="20" height="8" />
              ) : name === "mark" ? (
                <path d="M5 2h10l-5 8z" />
              ) : (
                <path d="M0 6h20" />
              )}
            </svg>
            {text}
          </li>
        ))}
      </ul>
      <Chart
        label={`CPU and memory of ${finding.name} over ${hours.length} hours, with what is requested and recommended`}
        height={EVIDENCE_HEIGHT}
        drawing={drawing}
        table={`hours-${finding.id}`}
      />
      <details class="as-table">
        <summary>The methods as a table</summary>
        {recommendation !== null && (
          <Table
            id={`hours-${finding.id}`}
            caption="Requests: as they are, and by method"
            rows={methodsOf(recommendation)}
            keyOf={(row) => row.name}
            columns={[
              { id: "name", head: "Request", kind: "name", cell: (row) => row.name },
              {
                id: "cpu",
                head: "CPU",
                unit: "m",
                kind: "number",
                cell: (row) => shown(row.cpu, 1000),
              },
              {
                id: "mem",
                head: "Memory",
                unit: "MiB",
                kind: "number",
                cell: (row) => shown(row.mem, 1_048_576),
              },
            ]}
          />
        )}
      </details>
    </>
  );
}

type Recommendation = NonNullable<FindingDetail["data"]["recommendation"]>;

function methodsOf(r: Recommendation): { name: string; cpu: number | null; mem: number | null }[] {
  return [
    { name: "requested", cpu: r.cpuRequest, mem: r.memRequest },
    { name: "limit", cpu: r.cpuLimit, mem: r.memLimit },
    { name: "recommended", cpu: r.cpuRecommended, mem: r.memRecommended },
    ...(r.memLimitRecommended === r.memRecommended
      ? []
      : [{ name: "limit recommended", cpu: null, mem: r.memLimitRecommended }]),
    { name: "KRR simple", cpu: r.krrCpu, mem: r.krrMem },
    { name: "VPA target", cpu: r.vpaCpu, mem: r.vpaMem },
    { name: "VPA lower", cpu: r.vpaCpuLower, mem: r.vpaMemLower },
    { name: "VPA upper", cpu: r.vpaCpuUpper, mem: r.vpaMemUpper },
  ];
}

function shown(value: number | null, unit: number): string {
  return value === null ? "–" : figure(value / unit);
}

function rowsOf(hours: readonly FindingHour[], r: Recommendation): EvidenceRow[] {
  const level = (name: "recommended" | "KRR" | "VPA", value: number | null, unit: number) =>
    value === null ? [] : [{ name, value: value / unit }];
  const cpu = (value: number | null) => (value === null ? null : value / 1000);
  const mem = (value: number | null) => (value === null ? null : value / 1024);
  return [
    {
      title: "CPU a pod, millicores",
      hours: hours.map((hour) =>
        told(hour, {
          average: hour.cpuAverage / 1000,
          max: hour.cpuMax / 1000,
          request: cpu(hour.cpuRequest),
          limit: cpu(hour.cpuLimit),
          marked: hour.throttledMs > 36_000,
          unit: "m",
          mark: "throttled",
        }),
      ),
      levels: [
        ...level("recommended", r.cpuRecommended, 1000),
        ...level("KRR", r.krrCpu, 1000),
        ...level("VPA", r.vpaCpu, 1000),
      ],
    },
    {
      title: "Memory a pod, MiB",
      hours: hours.map((hour) =>
        told(hour, {
          average: hour.memAverage / 1024,
          max: hour.memMax / 1024,
          request: mem(hour.memRequest),
          limit: mem(hour.memLimit),
          marked: hour.oomKills > 0,
          unit: "MiB",
          mark: `killed for memory ${hour.oomKills} times`,
        }),
      ),
      levels: [
        ...level("recommended", r.memRecommended, 1_048_576),
        ...level("KRR", r.krrMem, 1_048_576),
        ...level("VPA", r.vpaMem, 1_048_576),
      ],
    },
  ];
}

function told(
  hour: FindingHour,
  own: Omit<EvidenceHour, "at" | "tip"> & { unit: string; mark: string },
): EvidenceHour {
  const { unit, mark, ...rest } = own;
  const time = new Date(hour.at * 1000).toISOString();
  const tip = [
    `${Number(time.slice(8, 10))} ${monthShort(time)} ${time.slice(11, 16)} UTC, ${hour.pods} pods`,
    `used ${figure(own.average)} ${unit}, at most ${figure(own.max)} ${unit}`,
    `requested ${own.request === null ? "nothing" : `${figure(own.request)} ${unit}`}`,
    ...(own.marked ? [mark] : []),
  ].join("\n");
  return { at: hour.at, ...rest, tip };
}

function Days({
  days,
  currency,
  id,
}: {
  days: FindingDetail["data"]["days"];
  currency: string;
  id: string;
}) {
  const digits = digitsFor(
    days.map((day) => day.cost),
    currency,
  );
  const drawing = useMemo(
    (): Drawing => ({
      kind: "columns",
      height: DAYS_HEIGHT,
      description: `Cost of ${days.length} days in ${currency}`,
      cols: days.map(({ day, cost }, index) => ({
        key: day,
        label: [
          index % Math.ceil(days.length / 8) === 0 ? String(Number(day.slice(8, 10))) : "",
          index === 0 || day.endsWith("-01") ? monthShort(day) : "",
        ],
        value: cost,
        tip: `${day}\n${formatAmount(cost, { digits })} ${currency}`,
        chosen: false,
        partial: false,
        labelled: false,
      })),
    }),
    [days, digits, currency],
  );
  if (days.length === 0) return <p class="none">No day of the last 60 has a cost.</p>;
  return (
    <>
      <p class="fine">What it cost by day, {currency}</p>
      <Chart
        label={`Cost in ${currency} on ${days.length} days`}
        height={DAYS_HEIGHT}
        drawing={drawing}
        table={`days-${id}`}
      />
      <details class="as-table">
        <summary>The same as a table</summary>
        <Table
          id={`days-${id}`}
          caption="Cost by day"
          rows={days}
          keyOf={(day) => day.day}
          columns={[
            { id: "day", head: "Day", kind: "name", cell: (day) => day.day },
            {
              id: "cost",
              head: "Cost",
              unit: currency,
              kind: "number",
              cell: (day) => <Amount value={day.cost} currency={currency} digits={digits} />,
            },
          ]}
        />
      </details>
    </>
  );
}
