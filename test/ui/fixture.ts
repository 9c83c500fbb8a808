import type { Meta } from "../../api/schemas/common.ts";
import type { MonthRow, Reconciliation, Sources } from "../../api/schemas/data.ts";
import type { MoverRow, Movers, Showback, ShowbackRow, Trend } from "../../api/schemas/showback.ts";

/** A made-up company, the same on every run, in the shapes of `api/schemas/`. */
export interface FixtureOptions {
  teams?: number;
  months?: string[];
  now?: number;
}

interface Resource {
  id: string;
  name: string;
  group: string;
  service: string;
  environment: string;
  team: string;
  base: number;
  born: number;
  died: number;
}

const TEAMS = [
  "Claims",
  "Underwriting",
  "Data Platform",
  "Payments",
  "Web Storefront",
  "Identity",
  "Search & Recommendations",
  "Mobile Apps",
  "Site Reliability Engineering",
  "Customer Analytics and Reporting (EMEA)",
  "Legacy Mainframe Bridge",
  "Inner Tools",
];
const SERVICES = [
  "Virtual Machines",
  "Azure Kubernetes Service",
  "Azure SQL Database",
  "Storage Accounts",
  "Azure App Service",
  "Azure Cosmos DB",
  "Log Analytics",
  "Bandwidth",
  "Virtual Network",
  "Azure Monitor",
  "Key Vault",
  "Azure Cache for Redis",
  "Event Hubs",
  "Service Bus",
  "Application Gateway",
  "Azure Front Door",
  "Azure Firewall",
  "Load Balancer",
  "Azure Functions",
  "Container Registry",
  "Azure OpenAI",
  "Microsoft Defender for Cloud",
  "API Management",
  "Azure Databricks",
  "Synapse Analytics",
  "Data Factory",
  "Azure Backup",
  "Site Recovery",
  "VPN Gateway",
  "ExpressRoute",
  "NAT Gateway",
  "Azure DNS",
  "Logic Apps",
  "SignalR",
  "Azure Search",
  "Cognitive Services",
  "Batch",
  "Managed Disks",
  "Azure NetApp Files",
  "Media Services",
];
const ENVIRONMENTS = ["production", "staging", "development", "(none)"];
const UNITS = ["Retail", "Commercial", "Shared Technology"];

/** Numbers that look random and are the same every time. */
function mix(seed: number): number {
  let value = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}

/** Cents to the ledger's plain decimals, with more digits than anyone shows. */
function decimal(value: number): string {
  const micro = Math.round(value * 1e6);
  const digits = Math.abs(micro).toString().padStart(7, "0");
  const text = `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, "");
  return micro < 0 ? `-${text}` : text;
}

export function makeFixture(options: FixtureOptions = {}) {
  const months = options.months ?? monthsUpTo("2026-11", 13);
  const now = options.now ?? Date.parse("2026-11-22T09:30:00Z");
  const teams = Array.from({ length: options.teams ?? 12 }, (_, i) => ({
    id: `team-${i + 1}`,
    name: TEAMS[i] ?? `Product team ${i + 1}`,
    unit: UNITS[i % UNITS.length] ?? "",
  }));
  const resources = Array.from({ length: Math.max(300, teams.length * 4) }, (_, i): Resource => {
    const service = SERVICES[Math.floor(mix(i * 7) ** 1.8 * SERVICES.length)] ?? "";
    const at = Math.floor(mix(i * 3) ** 1.7 * teams.length);
    const owner = mix(i * 31) < 0.05 ? "__unowned__" : (teams[at]?.id ?? "");
    const group = `rg-${owner === "__unowned__" ? "misc" : (teams[at]?.name ?? "").toLowerCase().replace(/[^a-z]+/g, "-")}-${i % 3 === 0 ? "prod" : "shared"}-westeurope`;
    const kind = service.toLowerCase().replace(/[^a-z]+/g, "");
    const name =
      i === 5
        ? "vm-\u202efdp.exe\u200b-prod"
        : `${kind.slice(0, 14)}-${owner.replaceAll("_", "")}-weu-${String(i).padStart(3, "0")}${i % 17 === 0 ? "-really-long-name-that-somebody-generated-7f3a9c" : ""}`;
    return {
      id: `/subscriptions/5f0c2a3e-8a41-4c1b-9a0e-3d2f7b6c1a90/resourcegroups/${group}/providers/microsoft.compute/${kind}/${name}`,
      name,
      group,
      service,
      environment: ENVIRONMENTS[Math.floor(mix(i * 13) ** 1.6 * 4)] ?? "",
      team: owner,
      base: 20 + mix(i * 17) ** 4 * 9000,
      born: mix(i * 19) < 0.12 ? 2 + Math.floor(mix(i * 23) * 11) : 0,
      died: mix(i * 29) < 0.08 ? 3 + Math.floor(mix(i * 37) * 10) : 99,
    };
  });

  const stateOf = (month: string): MonthRow["state"] => {
    const age = months.length - 1 - months.indexOf(month);
    return age === 0 ? "open" : age === 1 ? "provisional" : age === 2 ? "settled" : "closed";
  };
  const part = (month: string) => (stateOf(month) === "open" ? 21 / 30 : 1);
  const cost = (resource: Resource, month: string, currency: string): number => {
    const at = months.indexOf(month);
    if (at < 0 || at < resource.born || at >= resource.died) return 0;
    const only = currency === "USD" ? (mix(resource.base * 11) < 0.2 ? 0.4 : 0) : 1;
    const wave = 0.85 + 0.3 * mix(Math.floor(resource.base) * 101 + at) + at * 0.012;
    return resource.base * wave * only * part(month);
  };
  const unused = (month: string, currency: string) =>
    currency === "EUR" && months.includes(month)
      ? (900 + 700 * mix(months.indexOf(month))) * part(month)
      : 0;

  const publishedAt = new Date(now - 3.4 * 3600_000).toISOString();
  const meta = (query: URLSearchParams): Meta => ({
    month: query.get("month") ?? months.at(-1) ?? null,
    currency: months.length === 0 ? null : (query.get("currency") ?? "EUR"),
    currencies: months.length === 0 ? [] : ["EUR", "USD"],
    state: months.length === 0 ? null : stateOf(query.get("month") ?? months.at(-1) ?? ""),
    checkFailed: (query.get("month") ?? months.at(-1)) === months.at(-2),
    publishedId: "0f3c",
    publishedAt: months.length === 0 ? null : publishedAt,
    coverage: null,
    next: null,
    months,
  });

  const before = (month: string) => months[months.indexOf(month) - 1] ?? null;

  function showback(query: URLSearchParams): Showback {
    const base = meta(query);
    if (base.month === null || base.currency === null) return { data: [], meta: base };
    const month = base.month;
    const currency = base.currency;
    const by = query.get("by") ?? "team";
    const team = query.get("team");
    const last = before(month);
    const groups = new Map<
      string,
      {
        row: Omit<ShowbackRow, "cost" | "direct" | "shared" | "idle" | "previous">;
        now: number;
        then: number;
        shared: number;
      }
    >();
    const add = (
      key: string,
      name: string,
      owner: string | null,
      now: number,
      then: number,
      more: Partial<ShowbackRow> = {},
    ) => {
      const held = groups.get(key) ?? {
        row: { key, name, team: owner, bucket: key.startsWith("__") ? key : "direct", ...more },
        now: 0,
        then: 0,
        shared: 0,
      };
      held.now += now;
      held.then += then;
      held.shared = key.startsWith("__") ? 0 : mix(key.length * 7 + key.charCodeAt(key.length - 1));
      groups.set(key, held);
    };
    const nameOf = (id: string) => teams.find((one) => one.id === id)?.name ?? id;
    const unitOf = (id: string) => teams.find((one) => one.id === id)?.unit ?? id;
    for (const one of resources) {
      if (team !== null && one.team !== team) continue;
      const now = cost(one, month, currency);
      const then = last === null ? 0 : cost(one, last, currency);
      if (now === 0 && then === 0) continue;
      if (by === "team")
        add(
          one.team,
          nameOf(one.team),
          one.team,
          now,
          then,
          one.team === "__unowned__" ? { hint: "tag owner=j.doe@example.com" } : {},
        );
      else if (by === "businessUnit") add(unitOf(one.team), unitOf(one.team), null, now, then);
      else if (by === "service") add(one.service, one.service, null, now, then);
      else if (by === "environment") add(one.environment, one.environment, null, now, then);
      else if (by === "resource" && now !== 0)
        add(one.id, one.name, one.team, now, then, {
          resourceGroup: one.group,
          service: one.service,
          rule: one.team === "__unowned__" ? null : "owners.yaml:12 resourceGroup rg-*",
          hint: one.team === "__unowned__" ? "tag owner=j.doe@example.com" : null,
        });
      else if (by === "day") {
        const days =
          stateOf(month) === "open"
            ? 22
            : new Date(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 0).getDate();
        for (let day = 1; day <= days; day++) {
          const filling = stateOf(month) === "open" && day === days ? 0.4 : 1;
          const key = `${month}-${String(day).padStart(2, "0")}`;
          add(
            key,
            key,
            null,
            (now / days) * filling * (0.9 + 0.2 * mix(day * 5 + Math.floor(one.base))),
            0,
          );
        }
      }
    }
    if (by !== "resource" && by !== "day" && (team === null || team === "__commitment_unused__")) {
      const now = unused(month, currency);
      if (now !== 0)
        add(
          "__commitment_unused__",
          "Unused commitments",
          "__commitment_unused__",
          now,
          last === null ? 0 : unused(last, currency),
        );
    }
    const rows = [...groups.values()].map(({ row, now, then, shared }): ShowbackRow => {
      const sharedPart = Math.round(now * shared * 0.3 * 1e6) / 1e6;
      const idle = Math.round(now * shared * 0.14 * 1e6) / 1e6;
      const whole = Math.round(now * 1e6) / 1e6;
      return {
        ...row,
        cost: decimal(whole),
        direct: decimal(whole - sharedPart - idle),
        shared: decimal(sharedPart),
        idle: decimal(idle),
        previous: last === null || then === 0 ? null : decimal(then),
      };
    });
    rows.sort((a, b) => Number(b.cost) - Number(a.cost) || (a.key < b.key ? -1 : 1));
    const limit = Number(query.get("limit") ?? 100);
    const from = Number(query.get("cursor") ?? 0);
    return {
      data: rows.slice(from, from + limit),
      meta: {
        ...base,
        next: from + limit < rows.length ? String(from + limit) : null,
        total: decimal(rows.reduce((sum, row) => sum + Number(row.cost), 0)),
        previousTotal:
          last === null
            ? null
            : decimal([...groups.values()].reduce((sum, group) => sum + group.then, 0)),
        ...(query.get("cost") === "list" ? { unstated: 1204 } : {}),
      },
    };
  }

  function trend(query: URLSearchParams): Trend {
    const data = months.flatMap((month) => {
      const asked = new URLSearchParams(query);
      asked.set("month", month);
      return showback(asked).data.map(({ key, name, cost }) => ({
        month,
        key,
        name,
        cost,
        state: stateOf(month),
      }));
    });
    return { data, meta: meta(query) };
  }

  function movers(query: URLSearchParams): Movers {
    const base = meta(query);
    const last = base.month === null ? null : before(base.month);
    if (base.month === null || base.currency === null || last === null)
      return { data: [], meta: base };
    const groups = new Map<string, Resource[]>();
    for (const one of resources) {
      if (query.get("team") !== null && one.team !== query.get("team")) continue;
      const key = `${one.team}|${one.service}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    const { month, currency } = base;
    const data = [...groups.values()].map((members): MoverRow & { size: number } => {
      let [now, then, appeared, gone, changed, appearedCount, goneCount] = [0, 0, 0, 0, 0, 0, 0];
      let top: Resource | null = null;
      let most = 0;
      for (const one of members) {
        const is = cost(one, month, currency);
        const was = cost(one, last, currency);
        now += is;
        then += was;
        if (was === 0 && is !== 0) {
          appeared += is;
          appearedCount++;
        } else if (is === 0 && was !== 0) {
          gone -= was;
          goneCount++;
        } else {
          changed += is - was;
        }
        if (Math.abs(is - was) > most) [top, most] = [one, Math.abs(is - was)];
      }
      const first = members[0];
      return {
        team: first?.team ?? "",
        teamName: teams.find((one) => one.id === first?.team)?.name ?? "",
        service: first?.service ?? "",
        cost: decimal(now),
        previous: decimal(then),
        change: decimal(now - then),
        appeared: decimal(appeared),
        gone: decimal(gone),
        changed: decimal(changed),
        appearedCount,
        goneCount,
        topResource: top?.id ?? null,
        size: Math.abs(now - then),
      };
    });
    data.sort((a, b) => b.size - a.size);
    return {
      data: data.slice(0, Number(query.get("limit") ?? 10)).map(({ size: _, ...row }) => row),
      meta: base,
    };
  }

  function reconciliation(query: URLSearchParams): Reconciliation {
    const base = meta(query);
    if (base.month === null) return { data: [], checks: [], restatements: [], meta: base };
    const total =
      showback(new URLSearchParams({ month: base.month, by: "team", limit: "1000" })).meta.total ??
      "0";
    const usd =
      showback(
        new URLSearchParams({ month: base.month, by: "team", currency: "USD", limit: "1000" }),
      ).meta.total ?? "0";
    const row = (
      currency: string,
      measure: "effective" | "billed",
      sum: string,
      azure: string | null,
      drift: string | null,
    ) => ({
      currency,
      measure,
      imported: sum,
      adjusted: "0",
      attributed: sum,
      difference: "0",
      lines: 48_212,
      unstated: 0,
      rounded: "0.0000000000000000004",
      azure,
      azureDifference: drift,
      azureAsOf: azure === null ? null : publishedAt,
    });
    return {
      data: [
        row("EUR", "effective", total, decimal(Number(total) + 128.44), "128.44"),
        row("EUR", "billed", total, total, "0"),
        row("USD", "effective", usd, null, null),
        row("USD", "billed", usd, null, null),
      ],
      checks: [
        {
          name: "attributed-equals-imported",
          kind: "invariant",
          ok: true,
          currency: "EUR",
          detail: `${total} attributed, ${total} imported`,
        },
        {
          name: "line-has-one-owner",
          kind: "invariant",
          ok: true,
          currency: null,
          detail: "48,212 lines",
        },
        {
          name: "rows-as-promised",
          kind: "invariant",
          ok: true,
          currency: null,
          detail: "14 units, 48,216 rows",
        },
        {
          name: "quarantine",
          kind: "tolerance",
          ok: false,
          currency: "EUR",
          detail: "4 rows, 212.90 EUR; 0 rows allowed",
        },
        {
          name: "azure-total",
          kind: "tolerance",
          ok: false,
          currency: "EUR",
          detail: "Azure says 128.44 more",
        },
        {
          name: "answers-equal-lines",
          kind: "invariant",
          ok: true,
          currency: "USD",
          detail: "every team",
        },
      ],
      restatements: [
        {
          at: new Date(now - 26 * 3600_000).toISOString(),
          cause: "import",
          currency: "EUR",
          team: "team-1",
          service: "Virtual Machines",
          was: "12044.11",
          now: "12098.45",
          change: "54.34",
        },
        {
          at: new Date(now - 50 * 3600_000).toISOString(),
          cause: "rules",
          currency: "EUR",
          team: "__unowned__",
          service: "Storage Accounts",
          was: "820.5",
          now: "0",
          change: "-820.5",
        },
      ],
      meta: base,
    };
  }

  function sources(): Sources {
    const ago = (hours: number) => new Date(now - hours * 3600_000).toISOString();
    const unit = (month: string, i: number) => ({
      unit: `${month.replace("-", "")}01-${month.replace("-", "")}30`,
      run: `f${i}c2-20261121`,
      months: [month],
      state: "loaded" as const,
      rows: 3709 + i * 7,
      rejected: i === 0 ? 4 : 0,
      rejectedAmount: i === 0 ? [{ currency: "EUR", amount: "212.9" }] : [],
      submittedAt: ago(5),
      at: ago(4),
      problem: null,
    });
    const none = months.length === 0;
    return {
      data: none
        ? []
        : [
            {
              name: "billing",
              type: "azure-exports",
              state: "ok",
              lastSuccess: ago(4),
              lastAttempt: ago(4),
              failingSince: null,
              problem: null,
              rows: 48_216,
              rejected: 4,
              units: months.toReversed().map(unit),
            },
            {
              name: "azure-says",
              type: "azure-query",
              state: "failed",
              lastSuccess: ago(52),
              lastAttempt: ago(1),
              failingSince: ago(27),
              problem:
                "403 from management.azure.com: the identity lacks Cost Management Reader on subscriptions/5f0c2a3e",
              rows: 26,
              rejected: 0,
              units: [],
            },
            {
              name: "other-clouds",
              type: "focus",
              state: "never",
              lastSuccess: null,
              lastAttempt: null,
              failingSince: null,
              problem: null,
              rows: 0,
              rejected: 0,
              units: [],
            },
          ],
      months: months.map((month) => ({
        month,
        state: stateOf(month),
        checkFailed: month === months.at(-2),
        published: true,
        publishedAt,
        lines: 48_212,
        rejected: month === months.at(-1) ? 4 : 0,
        totals: [
          {
            currency: "EUR",
            effective: showback(new URLSearchParams({ month, limit: "1" })).meta.total ?? null,
            billed: null,
          },
          {
            currency: "USD",
            effective:
              showback(new URLSearchParams({ month, limit: "1", currency: "USD" })).meta.total ??
              null,
            billed: null,
          },
        ],
        problem: month === months.at(-2) ? "rejected rows: 4 over the tolerance of 0" : null,
      })),
      rejected: none
        ? []
        : [
            {
              source: "billing",
              unit: "20261101-20261130",
              file: "finops/daily/20261101-20261130/f0c2/part_1_0001.csv",
              line: 1882,
              reason: 'BilledCost is not a decimal number: "12,40"',
              text: 'EA,8608480,2026-11-07T00:00:00Z,"12,40",EUR,Usage,Virtual Machines,/subscriptions/5f0c…',
              currency: "EUR",
              amount: null,
            },
            {
              source: "billing",
              unit: "20261101-20261130",
              file: "finops/daily/20261101-20261130/f0c2/part_1_0001.csv",
              line: 2107,
              reason: "ChargePeriodStart is outside the billing period",
              text: "EA,8608480,2027-01-07T00:00:00Z,212.90,EUR,Usage,\u202eegarotS",
              currency: "EUR",
              amount: "212.9",
            },
            {
              source: "billing",
              unit: "20261101-20261130",
              file: "finops/daily/20261101-20261130/f0c2/part_1_0002.csv",
              line: null,
              reason: "<script>alert(1)</script> is not a currency",
              text: '=HYPERLINK("http://evil")',
              currency: null,
              amount: null,
            },
          ],
      meta: meta(new URLSearchParams()),
    };
  }

  return { showback, trend, movers, reconciliation, sources, months, teams };
}

export function monthsUpTo(last: string, count: number): string[] {
  const at = Number(last.slice(0, 4)) * 12 + Number(last.slice(5, 7)) - 1;
  return Array.from({ length: count }, (_, i) => {
    const month = at - count + 1 + i;
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
  });
}
