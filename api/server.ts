import { watch } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../data/errors.ts";
import { type HomePaths, makeHome } from "../data/files.ts";
import { readList } from "../data/published.ts";
import { openSnapshot, type Snapshot } from "../analysis/snapshot.ts";
import { createApp } from "./app.ts";

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

export interface RunningServer {
  address: string;
  /** Opens what is published now, if it is not open; for tests that will not wait. */
  refresh(): Promise<void>;
  close(): Promise<void>;
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

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
// A rename can be missed by a watcher (other mounts); looking is a read of a small file.
const LOOK_EVERY = 5_000;

/** Listens; without sign-in on loopback only. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (!LOOPBACK.has(options.host))
    throw new AppError(
      "HOST_REFUSED",
      `--host ${options.host}: without sign-in only loopback is served (127.0.0.1, ::1); put a reverse proxy with sign-in before it`,
    );
  await makeHome(options.paths);
  const snapshots = await Snapshots.open(options.paths);
  const app = await createApp({ ...options, snapshots });
  const refresh = () => snapshots.refresh();
  const watcher = watch(options.paths.published, (_, name) => {
    if (name === null || name === basename(options.paths.list)) void refresh();
  });
  const timer = setInterval(() => void refresh(), LOOK_EVERY);
  try {
    const address = await app.listen({ host: options.host, port: options.port });
    return {
      address: address.replace("[::1]", "localhost"),
      refresh,
      async close() {
        clearInterval(timer);
        watcher.close();
        await app.close();
        await snapshots.close();
      },
    };
  } catch (error) {
    clearInterval(timer);
    watcher.close();
    await snapshots.close();
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw new AppError(
        "PORT_BUSY",
        `port ${options.port} on ${options.host} is taken; name another with --port`,
        { cause: error },
      );
    throw error;
  }
}
