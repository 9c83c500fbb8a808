import { watch } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../data/errors.ts";
import { makeHome, sweepReaders } from "../data/files.ts";
import { CLOSED } from "../data/statements.ts";
import { createApp } from "./app.ts";
import { LOOPBACK, NO_SIGN_IN } from "./auth/config.ts";
import { type ServerOptions, Snapshots } from "./snapshots.ts";

export interface RunningServer {
  address: string;
  /** Opens what is published now, if it is not open; for tests that will not wait. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

// A rename can be missed by a watcher (other mounts); looking is a read of a small file.
const LOOK_EVERY = 5_000;

/** Listens; without sign-in on loopback only. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (!LOOPBACK.has(options.host) && (options.auth ?? NO_SIGN_IN).type === "none")
    throw new AppError(
      "HOST_REFUSED",
      `--host ${options.host}: without sign-in only loopback is served (127.0.0.1, ::1); configure server.auth (oidc or tokens) to listen there`,
    );
  await makeHome(options.paths);
  await sweepReaders(options.paths);
  const snapshots = await Snapshots.open(options.paths, options.limits);
  const app = await createApp({ ...options, snapshots });
  const refresh = () => snapshots.refresh();
  const watcher = watch(options.paths.published, (_, name) => {
    if (name === null || name === basename(options.paths.list) || name === CLOSED) void refresh();
  });
  // Looking every few seconds goes on without the watcher.
  watcher.on("error", () => watcher.close());
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
