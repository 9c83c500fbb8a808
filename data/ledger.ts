import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type HomePaths, makeHome } from "./files.ts";
import { loadSql } from "./sql.ts";
import { damagedWork, type Engine, isBlockDamage, type Session, openWriter } from "./warehouse.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);

export interface Ledger {
  session: Session;
  engine: Engine;
  close(): void;
}

export interface LedgerOptions {
  memory?: string;
  threads?: number;
}

/** Opens a home's `work.duckdb` for writing, brings it up to date, and locks the engine to the home. */
export async function openLedger(paths: HomePaths, options: LedgerOptions = {}): Promise<Ledger> {
  await makeHome(paths);
  const engine = await openWriter(paths.work, {
    memory: options.memory ?? "512MB",
    threads: options.threads ?? 2,
    temp: join(paths.tmp, "spill"),
    folders: [paths.home],
  });
  try {
    const session = await engine.session();
    await migrate(session);
    return {
      session,
      engine,
      close() {
        session.close();
        engine.close();
      },
    };
  } catch (error) {
    engine.close();
    throw isBlockDamage(error) ? damagedWork(paths.work, error) : error;
  }
}

/** Applies what is missing, each file in its own transaction, and checkpoints: no DDL stays in the WAL. */
async function migrate(session: Session): Promise<void> {
  await session.run("CREATE TABLE IF NOT EXISTS migration (name VARCHAR NOT NULL)");
  const done = new Set(
    (await session.rows<{ name: string }>("SELECT name FROM migration")).map((row) => row.name),
  );
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
  let changed = false;
  for (const name of files.toSorted()) {
    if (done.has(name)) continue;
    await session.transaction(async () => {
      await session.script(loadSql(new URL(name, MIGRATIONS)));
      await session.run("INSERT INTO migration VALUES ($name)", { name });
    });
    changed = true;
  }
  if (changed) await session.run("CHECKPOINT");
}
