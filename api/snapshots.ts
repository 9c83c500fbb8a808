import type { Policy } from "../analysis/lifecycle/policy.ts";
import type { AuthSettings } from "./auth/config.ts";
import type { HomePaths } from "../data/files.ts";
import { readList } from "../data/published.ts";
import { withClosed } from "../data/statements.ts";
import type { CloseOutcome } from "./statements/close.ts";
import { openSnapshot, type Snapshot, type SnapshotOptions } from "../analysis/snapshot.ts";

export interface ServerOptions {
  paths: HomePaths;
  sources: readonly { name: string; type: string }[];
  currency: string;
  host: string;
  port: number;
  /** Folder of the built pages; null where they could not be built. */
  pages: string | null;
  now: () => Date;
  /** Closes a month in a process of its own; null where this server closes none. */
  close?:
    | ((order: {
        month: string;
        reason: string | null;
        name: string;
        role: string;
      }) => Promise<CloseOutcome>)
    | null;
  /** Milliseconds after which an export's reader who takes nothing is cut off. */
  stall?: number;
  /** What all queries may take together. */
  limits?: SnapshotOptions;
  log: "info" | "warn" | "silent";
  /** The rules of namespaces' lives; without them nothing is deleted. */
  lifecycle?: Policy;
  /** Who may come in; without it this machine alone, and all of it. */
  auth?: AuthSettings;
}

/** What is published now, and each one before until the last request that may hold it has ended. */
export class Snapshots {
  readonly #paths: HomePaths;
  readonly #limits: SnapshotOptions;
  #current: Snapshot;
  #opening: Promise<void> | undefined;
  readonly #requests = new Set<object>();
  readonly #retired = new Map<Snapshot, Set<object>>();
  /** Why the newest list could not be opened; null while all is well. */
  problem: string | null = null;

  private constructor(paths: HomePaths, limits: SnapshotOptions, current: Snapshot) {
    this.#paths = paths;
    this.#limits = limits;
    this.#current = current;
  }
  static async open(paths: HomePaths, limits: SnapshotOptions = {}): Promise<Snapshots> {
    return new Snapshots(paths, limits, await openSnapshot(paths, limits));
  }
  get current(): Snapshot {
    return this.#current;
  }
  /**
   * Call when a request begins, and what it gives when it has ended. A request asks several queries of
   * the snapshot it began with; between two of them no session is busy, and yet it must stay open.
   */
  enter(): () => void {
    const request = {};
    this.#requests.add(request);
    return () => {
      this.#requests.delete(request);
      for (const holders of this.#retired.values()) holders.delete(request);
      this.#closeUnheld();
    };
  }
  #closeUnheld(): void {
    for (const [snapshot, holders] of this.#retired) {
      if (holders.size > 0) continue;
      this.#retired.delete(snapshot);
      void snapshot.pool.close();
    }
  }
  /** Swaps to what is published now; a list that cannot be opened leaves the last one serving. */
  async refresh(): Promise<void> {
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }
  async #open(): Promise<void> {
    try {
      const list = withClosed(this.#paths, await readList(this.#paths));
      if (list.publishedId === this.#current.list.publishedId) {
        this.problem = null;
        return;
      }
      const next = await openSnapshot(this.#paths, this.#limits);
      this.#retired.set(this.#current, new Set(this.#requests));
      this.#current = next;
      this.problem = null;
      this.#closeUnheld();
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
  async close(): Promise<void> {
    await this.#opening;
    for (const snapshot of this.#retired.keys()) await snapshot.pool.close();
    await this.#current.pool.close();
  }
}
