import type { Duplex } from "node:stream";
import { Agent as HttpAgent, type AgentOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { connect as connectSecurely, type ConnectionOptions } from "node:tls";

/**
 * Connections that hand the body of a streamed answer straight to whoever reads it. Prometheus sends
 * every series as an HTTP chunk of its own, and Node's parser makes a buffer, a copy and an event of
 * each: more work than all that is done with them. Here a socket reads into memory that is used again;
 * head, trailers and all other answers go to Node's parser as ever, which sees a streamed answer as one
 * without a body, and breaks it off where the socket does.
 */

/** Where a body goes. */
export interface BodySink {
  /** The type of the answers that are taken; others are Node's. */
  readonly type: string;
  /** Takes the next bytes, and copies what it keeps; a promise is to be waited for before more is given. */
  take(piece: Buffer): Promise<void> | undefined;
}

/** As much as the kernel has mostly waiting. */
const READ_AT_ONCE = 128 << 10;
const MOST_HEAD = 64 << 10;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const [CR, LF, SEMICOLON] = [13, 10, 59];
const LAST_CHUNK = Buffer.from("0\r\n");
const NO_CHUNK = Buffer.from("!\r\n");
/** Digits of a chunk's size: no server sends four gigabytes in one. */
const MOST_DIGITS = 8;

const takers = new WeakMap<Duplex, BodyTaker>();

/** An agent whose connections know `divert`. */
export function bodyAgent(secure: boolean, options: AgentOptions): HttpAgent {
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
  agent.createConnection = (asked): Socket => {
    const taker = new BodyTaker();
    const onread = { buffer: taker.memory, callback: (bytes: number) => taker.read(bytes) };
    const socket = secure
      ? connectSecurely({ ...asked, onread } as ConnectionOptions)
      : connect({ ...asked, onread } as NetConnectOpts);
    taker.on(socket);
    takers.set(socket, taker);
    return socket;
  };
  return agent;
}

/** The body of the next answer on this connection goes to `sink`, if it is of its type and chunked. */
export function divert(socket: Duplex, sink: BodySink): void {
  takers.get(socket)?.expect(sink);
}

/** What of an answer comes next. `rest`: nothing of it is ours. */
type Place = "head" | "size" | "extension" | "body" | "after" | "rest";

class BodyTaker {
  readonly memory = Buffer.allocUnsafeSlow(READ_AT_ONCE);
  #socket: Socket | undefined;
  #waits = false;
  #sink: BodySink | undefined;
  #place: Place = "rest";
  #head: Buffer = Buffer.alloc(0);
  /** Of the chunk that is being read: its size's text, and how many bytes of it are to come. */
  #size = "";
  #left = 0;
  #last: Buffer = LAST_CHUNK;

  on(socket: Socket): void {
    this.#socket = socket;
    // Whoever begins to read the answer, as Node has it, starts the socket.
    socket.on("resume", () => {
      if (this.#waits) socket.pause();
    });
  }

  expect(sink: BodySink): void {
    this.#sink = sink;
    this.#place = "head";
    this.#head = Buffer.alloc(0);
  }

  /** Takes what was read; false where no more is to be read for now. */
  read(bytes: number): boolean {
    const piece = this.memory.subarray(0, bytes);
    if (this.#place === "rest") return this.#pass(piece);
    if (this.#place === "head") return this.#readHead(piece);
    return this.#readBody(piece);
  }

  /** Gives bytes to Node's parser. */
  #pass(bytes: Uint8Array): boolean {
    return bytes.length === 0 || (this.#socket?.push(Buffer.from(bytes)) ?? false);
  }

  #readHead(piece: Buffer): boolean {
    const head = Buffer.concat([this.#head, piece]);
    const end = head.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
    if (end < END_OF_HEAD.length) {
      this.#head = head;
      if (head.length <= MOST_HEAD) return true;
      this.#place = "rest";
      return this.#pass(head);
    }
    const text = head.toString("latin1", 0, end);
    this.#head = Buffer.alloc(0);
    if (/^HTTP\/1\.1 1\d\d /.test(text)) {
      this.#pass(head.subarray(0, end));
      return this.#readHead(head.subarray(end));
    }
    const type = /\r\ncontent-type: *([^\r]*)/i.exec(text)?.[1] ?? "";
    const ours =
      text.startsWith("HTTP/1.1 200 ") &&
      /\r\ntransfer-encoding: *chunked *\r\n/i.test(text) &&
      !/\r\ncontent-encoding:/i.test(text) &&
      type.startsWith(this.#sink?.type ?? "");
    this.#place = ours ? "size" : "rest";
    this.#size = "";
    if (!ours) return this.#pass(head);
    this.#pass(head.subarray(0, end));
    return end === head.length || this.#readBody(head.subarray(end));
  }

  /** Gives the sink what of the bytes is body, moved together where it lies. */
  #readBody(piece: Buffer): boolean {
    const { length } = piece;
    let filled = 0;
    let at = 0;
    while (at < length && this.#place !== "rest") {
      if (this.#place === "body") {
        const some = Math.min(this.#left, length - at);
        if (at > filled) piece.copyWithin(filled, at, at + some);
        filled += some;
        at += some;
        this.#left -= some;
        if (this.#left === 0) this.#place = "after";
      } else this.#readLine(piece[at++] as number);
    }
    const more = filled === 0 || this.#give(piece.subarray(0, filled));
    if (this.#place !== "rest") return more;
    return this.#pass(Buffer.concat([this.#last, piece.subarray(at)]));
  }

  /** Reads on in the line between two chunks. */
  #readLine(byte: number): void {
    if (byte === CR) return;
    if (this.#place === "after") {
      if (byte === LF) this.#place = "size";
      else this.#stop(NO_CHUNK);
    } else if (byte === LF) {
      if (this.#size === "") return this.#stop(NO_CHUNK);
      this.#left = Number.parseInt(this.#size, 16);
      this.#size = "";
      this.#place = "body";
      if (this.#left === 0) this.#stop(LAST_CHUNK);
    } else if (byte === SEMICOLON) this.#place = "extension";
    else if (this.#place === "size") {
      if (!isHex(byte) || this.#size.length === MOST_DIGITS) return this.#stop(NO_CHUNK);
      this.#size += String.fromCharCode(byte);
    }
  }

  /** The body is over: what Node's parser is to see of it. */
  #stop(last: Buffer): void {
    this.#place = "rest";
    this.#last = last;
  }

  #give(body: Buffer): boolean {
    const socket = this.#socket;
    const fail = (error: unknown) => void socket?.destroy(error as Error);
    try {
      const room = this.#sink?.take(body);
      // What follows the last of a body is the next answer's.
      if (room === undefined || this.#place === "rest") return true;
      this.#waits = true;
      room.then(() => {
        this.#waits = false;
        socket?.resume();
      }, fail);
      // As Node does where a callback gives false; said of the stream, too, which else reads on.
      socket?.pause();
    } catch (error) {
      fail(error);
    }
    return false;
  }
}

const isHex = (byte: number) =>
  (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);
