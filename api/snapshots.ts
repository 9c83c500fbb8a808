import type { HomePaths } from "../data/files.ts";
import { readList } from "../data/published.ts";
import { openSnapshot, type Snapshot } from "../analysis/snapshot.ts";

export interface ServerOptions {
  paths: HomePaths;
  sources: readonly { name: string; type: string }[];
  currency: string;
  host: string;
  port: number;
  /** Folder of the built pages; null where they could not be built. */
  pages: string | null;
  now: () => Date;
  log: "info" | "warn" | "silent";
}

/** What is published now, and the one before until its last query ends. */
export class Snapshots {
  readonly #paths: HomePaths;
  #current: Snapshot;
  #opening: Promise<void> | undefined;
  /** Why the newest list could not be opened; null while all is well. */
  problem: string | null = null;

  private constructor(paths: HomePaths, current: Snapshot) {
    this.#paths = paths;
    this.#current = current;
  }
  static async open(paths: HomePaths): Promise<Snapshots> {
    return new Snapshots(paths, await openSnapshot(paths));
  }
  get current(): Snapshot {
    return this.#current;
  }
  /** Swaps to what is published now; a list that cannot be opened leaves the last one serving. */
  async refresh(): Promise<void> {
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }
  async #open(): Promise<void> {
    try {
      const list = await readList(this.#paths);
      if (list.publishedId === this.#current.list.publishedId) {
        this.problem = null;
        return;
      }
      const next = await openSnapshot(this.#paths, {}, list);
      const old = this.#current;
      this.#current = next;
      this.problem = null;
      void old.pool.close();
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
  async close(): Promise<void> {
    await this.#opening;
    await this.#current.pool.close();
  }
}
