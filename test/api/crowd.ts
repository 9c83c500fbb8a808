import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

/**
 * Clients of a server on loopback, each from an address of its own: where nobody signs in, turns go by
 * address.
 */
export class Client {
  readonly #agent: Agent;
  readonly #base: URL;
  readonly address: string;
  /** @param last of 127.0.0.x, where it asks from */
  constructor(base: string, last: number) {
    this.address = `127.0.0.${last}`;
    this.#base = new URL(base);
    this.#agent = new Agent({ keepAlive: true, localAddress: this.address, maxSockets: 500 });
  }
  /** Asks and reads all; rejects when `signal` aborts. */
  async ask(path: string, signal?: AbortSignal): Promise<{ status: number; ms: number }> {
    const begun = performance.now();
    const answer = await this.#begin(path, signal);
    for await (const _ of answer);
    return { status: answer.statusCode ?? 0, ms: performance.now() - begun };
  }
  /** Asks, and leaves after some milliseconds whatever has come by then. */
  async leave(path: string, after: number): Promise<void> {
    const gone = new AbortController();
    const asked = this.ask(path, gone.signal).catch(() => {});
    await setTimeout(after);
    gone.abort();
    await asked;
  }
  #begin(path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.#base);
      const options = { agent: this.#agent, ...(signal === undefined ? {} : { signal }) };
      request(url, options, resolve).on("error", reject).end();
    });
  }
  /** Asks over a line of its own on which nothing is read until it is resumed. */
  deaf(path: string): Socket {
    const { hostname, port } = this.#base;
    const socket = connect({ host: hostname, port: Number(port), localAddress: this.address });
    socket.on("error", () => {});
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`);
    return socket;
  }
  /** Asks over a line of its own and takes a kilobyte ten times a second until it ends or `signal` aborts. */
  async sip(path: string, signal: AbortSignal): Promise<{ status: number; ms: number }> {
    const begun = performance.now();
    const socket = this.deaf(path);
    let status = 0;
    const gone = () => socket.destroy();
    signal.addEventListener("abort", gone, { once: true });
    try {
      while (!socket.destroyed && !socket.readableEnded) {
        const taken = (socket.read(1024) ?? socket.read()) as Buffer | null;
        if (status === 0 && taken !== null)
          status = Number(/^HTTP\/1\.1 (\d+)/.exec(taken.toString("latin1"))?.[1]);
        await setTimeout(100);
      }
    } finally {
      signal.removeEventListener("abort", gone);
      socket.destroy();
    }
    return { status, ms: performance.now() - begun };
  }
  close(): void {
    this.#agent.destroy();
  }
}

/** The most that lay in a folder, looked at every few milliseconds until `end`. */
export class Watched {
  readonly #timer: NodeJS.Timeout;
  /** Bytes. */
  most = 0;
  constructor(folder: string) {
    this.#timer = setInterval(() => (this.most = Math.max(this.most, bytesOf(folder))), 2);
  }
  end(): void {
    clearInterval(this.#timer);
  }
}

/** Bytes that files take up below a folder; what is removed meanwhile takes none. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.isFile() === true ? found.blocks * 512 : 0);
  }, 0);
}
