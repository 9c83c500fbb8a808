import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkFindings, FINDING_CHECKS } from "../../../analysis/findings/checks.ts";
import { makeFindingTables } from "../../../analysis/findings/tables.ts";
import { type Engine, openWriter, type Session } from "../../../data/warehouse.ts";

/** The checks on findings, each broken on purpose; that they run on every build says `docs/findings.md`. */

/** What the checks read beside findings: an account of each kind and clusters that tell of what they have. */
const READ = [
  "CREATE TEMP TABLE span AS SELECT DATE '2026-08-02' AS window_from, DATE '2026-08-31' AS until",
  "CREATE TEMP TABLE finding_claim (finding VARCHAR, account VARCHAR, currency VARCHAR, paper DECIMAL(38,18))",
  "CREATE TEMP TABLE workload_cost AS SELECT 'prod' AS cluster, 'shop' AS namespace, 'Deployment' AS workload_kind, 'web' AS workload, 'EUR' AS currency, CAST(100 AS DECIMAL(38,18)) AS compute",
  "CREATE TEMP TABLE resource AS SELECT 'disk' AS resource, 'EUR' AS currency, CAST(30 AS DECIMAL(38,18)) AS cost",
  "CREATE TEMP TABLE commitment AS SELECT 'r' AS commitment, 'EUR' AS currency, CAST(5 AS DECIMAL(38,18)) AS unused",
  "CREATE TEMP TABLE bill AS SELECT 'EUR' AS billing_currency, DATE '2026-08-20' AS x_day, CAST(140 AS DECIMAL(38,18)) AS effective_cost",
  "CREATE TEMP TABLE volume_seen AS SELECT 'prod' AS cluster, 14 AS days_of_14",
  "CREATE TEMP TABLE service_seen AS SELECT 'prod' AS cluster, 14 AS days_of_14",
  "CREATE TEMP TABLE internal_service AS SELECT 'prod' AS cluster, '2026-08-31' AS scanned_until",
];
const FINDINGS = [
  "INSERT INTO recommendation (series_id, cluster, namespace, workload_kind, workload, container, class, coverage_ppm, cpu_recommended, abstained_mem) VALUES (1, 'prod', 'shop', 'Deployment', 'web', 'app', 'idle', 990000, 10000, 'managed-heap')",
  `INSERT INTO finding BY NAME SELECT * FROM (VALUES
     ('idle', 'idle-workload', 'prod/shop/Deployment/web', 'prod', 'shop', 'Deployment', 'web', NULL, 100, 90, 60, NULL),
     ('size', 'oversized-container', 'prod/shop/Deployment/web/app', 'prod', 'shop', 'Deployment', 'web', 'app', 100, 0, 0, 'idle'),
     ('disk', 'released-volume', 'disk', 'prod', NULL, NULL, NULL, NULL, 30, 30, 30, NULL)
   ) AS v(id, kind, subject, cluster, namespace, workload_kind, workload, container, cost, paper, realisable, claimed_by)`,
  "UPDATE finding SET name = subject, team = '__unowned__', currency = 'EUR', extra = 0, since = DATE '2026-08-01', confidence = 'high', evidence = '[{\"fact\":\"seen\",\"value\":\"nothing\"}]', window_from = DATE '2026-08-02', window_until = DATE '2026-08-31', first_seen = DATE '2026-08-31', last_seen = DATE '2026-08-31'",
  "INSERT INTO finding_claim VALUES ('idle', 'compute:prod/shop/Deployment/web', 'EUR', 90), ('size', 'compute:prod/shop/Deployment/web', 'EUR', 0), ('disk', 'disk', 'EUR', 30)",
];

type Check = keyof typeof FINDING_CHECKS;
const FAULTS: readonly [fault: string, check: Check, says: RegExp, statement: string][] = [
  [
    "no owner",
    "finding-is-whole",
    /disk lacks an owner/,
    "UPDATE finding SET team = NULL WHERE id = 'disk'",
  ],
  [
    "no evidence",
    "finding-is-whole",
    /idle lacks evidence/,
    "UPDATE finding SET evidence = '[]' WHERE id = 'idle'",
  ],
  [
    "the re-pack alone for evidence",
    "finding-is-whole",
    /idle lacks evidence/,
    'UPDATE finding SET evidence = \'[{"fact":"nodes freed in pool prod/apps","value":"1"}]\' WHERE id = \'idle\'',
  ],
  [
    "a fact without a value",
    "finding-is-whole",
    /idle lacks evidence/,
    'UPDATE finding SET evidence = \'[{"fact":"seen","value":null}]\' WHERE id = \'idle\'',
  ],
  [
    "no since",
    "finding-is-whole",
    /disk lacks a day since when/,
    "UPDATE finding SET since = NULL WHERE id = 'disk'",
  ],
  [
    "since tomorrow",
    "finding-is-whole",
    /disk lacks a day since when/,
    "UPDATE finding SET since = DATE '2026-09-01' WHERE id = 'disk'",
  ],
  [
    "no cost",
    "finding-is-whole",
    /size lacks a cost/,
    "UPDATE finding SET cost = 0 WHERE id = 'size'",
  ],
  [
    "no saving",
    "finding-is-whole",
    /disk lacks a saving/,
    "UPDATE finding SET paper = 0, realisable = 0 WHERE id = 'disk'; UPDATE finding_claim SET paper = 0 WHERE finding = 'disk'",
  ],
  [
    "a unit more than paper",
    "realisable-within-paper",
    /disk realisable 30.000000000000000001/,
    "UPDATE finding SET realisable = paper + CAST('0.000000000000000001' AS DECIMAL(38,18)) WHERE id = 'disk'",
  ],
  [
    "more than it cost",
    "realisable-within-paper",
    /disk realisable 30/,
    "UPDATE finding SET cost = 29 WHERE id = 'disk'",
  ],
  [
    "money of what another claims",
    "realisable-within-paper",
    /size realisable 0/,
    "UPDATE finding SET paper = 1 WHERE id = 'size'; UPDATE finding_claim SET paper = 1 WHERE finding = 'size'",
  ],
  [
    "claimed by nothing",
    "realisable-within-paper",
    /size/,
    "UPDATE finding SET claimed_by = 'gone' WHERE id = 'size'",
  ],
  [
    "a workload claimed twice",
    "claims-within-cost",
    /web 101\.0+ claimed of 100\.0+ EUR/,
    "UPDATE finding SET paper = 11, claimed_by = NULL WHERE id = 'size'; UPDATE finding_claim SET paper = 11 WHERE finding = 'size'",
  ],
  [
    "a disk that nobody bills",
    "claims-within-cost",
    /disk 30\.0+ claimed of nothing/,
    "DELETE FROM resource",
  ],
  [
    "more than the bill",
    "claims-within-cost",
    /all of EUR 120\.0+ claimed of a bill of 119/,
    "UPDATE bill SET effective_cost = 119",
  ],
  [
    "paper that nobody claimed",
    "claims-within-cost",
    /idle paper 90\.0+ is not the sum of its claims, 80/,
    "UPDATE finding_claim SET paper = 80 WHERE finding = 'idle'",
  ],
  [
    "a gap read as zero use",
    "nothing-from-missing-data",
    /web\/app recommended or idle at a coverage of 899999 ppm/,
    "UPDATE recommendation SET coverage_ppm = 899999",
  ],
  [
    "an abstention without a reason",
    "nothing-from-missing-data",
    /neither recommended nor abstained/,
    "UPDATE recommendation SET abstained_mem = NULL",
  ],
  [
    "idle, and never measured",
    "nothing-from-missing-data",
    /of which nothing is measured/,
    "DELETE FROM recommendation",
  ],
  [
    "a volume of a cluster that tells of none",
    "nothing-from-missing-data",
    /tells nothing of such things/,
    "DELETE FROM volume_seen",
  ],
  [
    "a volume of a cluster that told of them on some days",
    "nothing-from-missing-data",
    /tells nothing of such things/,
    "UPDATE volume_seen SET days_of_14 = 12",
  ],
  [
    "an address of a cluster that tells of no services",
    "nothing-from-missing-data",
    /tells nothing/,
    "UPDATE finding SET kind = 'unused-address' WHERE id = 'disk'; DELETE FROM service_seen",
  ],
  [
    "a balancer of a cluster that was not scanned",
    "nothing-from-missing-data",
    /tells nothing/,
    "UPDATE finding SET kind = 'unused-balancer' WHERE id = 'disk'; DELETE FROM internal_service",
  ],
];

describe("findings are not published", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await openWriter(":memory:");
    session = await engine.session();
    await makeFindingTables(session);
    for (const statement of READ) await session.run(statement);
    for (const statement of FINDINGS) await session.run(statement);
  });
  afterAll(() => engine.close());

  it("only where a check fails: these pass", async () => {
    expect(await checkFindings(session)).toEqual(
      Object.keys(FINDING_CHECKS).map((name) => ({ name, detail: "3 findings, 1 containers" })),
    );
  });

  it.each(FAULTS)("with %s", async (_, check, says, statement) => {
    await session.script("BEGIN");
    await session.script(statement);
    const failed = await checkFindings(session).then(
      () => "",
      (error: Error) => error.message,
    );
    await session.script("ROLLBACK");
    expect(failed).toContain(`${check}: `);
    expect(failed).toMatch(says);
    expect(failed).toMatch(/^findings are not published, the last ones stay: /);
  });

  it("and every check was seen to fail", () => {
    expect(new Set(FAULTS.map(([, check]) => check))).toEqual(new Set(Object.keys(FINDING_CHECKS)));
  });
});
