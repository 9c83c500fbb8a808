import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { factView } from "../../analysis/cluster-inputs.ts";
import { ParquetWriter } from "../../data/parquet.ts";
import { sql } from "../ingest/taken.ts";

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "apportion-facts-"))));
afterAll(() => rm(folder, { recursive: true }));

const COLUMNS = { at: "BIGINT", mem_request: "BIGINT", mem_limit: "BIGINT" };

async function written(name: string, columns: readonly string[]): Promise<{ path: string }> {
  const path = join(folder, name);
  const file = new ParquetWriter(
    path,
    columns.map((column) => ({ name: column, type: "BIGINT", optional: true })),
  );
  file.group(
    columns.map((_, index) => Float64Array.of(index + 1)),
    1,
  );
  await file.finish();
  return { path };
}

it("a column that facts were landed without is NULL, alone and beside files that have it", async () => {
  const old = await written("old.parquet", ["at", "mem_request"]);
  const now = await written("now.parquet", ["mem_limit", "at", "mem_request", "more"]);
  const rows = (...facts: { path: string }[]) =>
    sql(`SELECT * FROM (${factView(COLUMNS, facts)}) ORDER BY "at"`);
  const before = { at: "1", mem_request: "2", mem_limit: null };
  const after = { at: "2", mem_request: "3", mem_limit: "1" };
  expect(await rows()).toEqual([]);
  expect(await rows(old)).toEqual([before]);
  expect(await rows(old, now)).toEqual([before, after]);
  expect(await rows(now, old)).toEqual([before, after]);
});
