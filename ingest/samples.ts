import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Session } from "../data/warehouse.ts";
import { dropLandedFile, landingFolder } from "./landing.ts";

interface Sampled {
  source: string;
  unit: string;
  fingerprint: string;
  parquet: string;
}

/**
 * Removes usage by five minutes of days before the last `days`, where the same unit keeps its hours:
 * those were landed beside it and are never made from it again, so no month changes. A unit that has
 * no hours keeps all it has. The days of a source that tells no more end with its last, not with today.
 * @returns how many units lost theirs
 */
export async function pruneSamples(
  session: Session,
  home: string,
  now: Date,
  days: number,
): Promise<number> {
  const old = await session.rows<Sampled>(
    `SELECT f.source AS source, f.unit AS unit, u.fingerprint AS fingerprint, f.parquet AS parquet
     FROM unit_fact AS f
     JOIN unit AS u USING (source, unit)
     JOIN (SELECT source AS source, max(day) AS last FROM unit_fact GROUP BY source) AS newest USING (source)
     WHERE f.kind = 'usage_5m'
       AND CAST(f.day AS DATE) < least(CAST(newest.last AS DATE), CAST($today AS DATE)) - CAST($days AS INTEGER)
       AND EXISTS (SELECT 1 FROM unit_fact AS h WHERE h.source = f.source AND h.unit = f.unit AND h.kind = 'usage_hour')`,
    { today: now.toISOString().slice(0, 10), days },
  );
  for (const { source, unit, fingerprint, parquet } of old) {
    const key = { source, unit };
    const left = () =>
      session.rows(
        "SELECT 1 FROM unit_fact WHERE source = $source AND unit = $unit AND kind = 'usage_5m'",
        key,
      );
    // The ledger last: a kill before it is made good by the next run.
    await dropLandedFile(landingFolder(home, source, unit, fingerprint), "usage_5m");
    await session.transaction(
      async () => {
        for (const [table, column] of [
          ["unit_fact", "kind"],
          ["unit_part", "file"],
        ] as const)
          await session.run(
            `DELETE FROM ${table} WHERE source = $source AND unit = $unit AND ${column} = 'usage_5m'`,
            key,
          );
      },
      async () => (await left()).length === 0,
    );
    await rm(join(home, parquet), { force: true });
  }
  return old.length;
}
