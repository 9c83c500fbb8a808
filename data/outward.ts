import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP } from "node:net";
import { AppError } from "./errors.ts";

/**
 * Calls to configured addresses, and to those that a configured server names. Judged after the name
 * is resolved, by the very address that is connected to: a name may resolve otherwise the next time.
 */

/** Where clouds keep their machines' credentials, and what is only on this link. */
const NEVER = new BlockList();
NEVER.addSubnet("169.254.0.0", 16, "ipv4");
NEVER.addSubnet("0.0.0.0", 8, "ipv4");
NEVER.addSubnet("224.0.0.0", 3, "ipv4");
// Azure's platform address and Alibaba's metadata.
NEVER.addAddress("168.63.129.16", "ipv4");
NEVER.addAddress("100.100.100.200", "ipv4");
NEVER.addSubnet("fe80::", 10, "ipv6");
NEVER.addSubnet("ff00::", 8, "ipv6");
NEVER.addAddress("::", "ipv6");
// AWS's metadata.
NEVER.addAddress("fd00:ec2::254", "ipv6");

/** True for addresses that nothing of ours may be sent to; IPv4 inside IPv6 is judged as IPv4. */
export function isNeverCalled(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (NEVER.check(address, family === 6 ? "ipv6" : "ipv4")) return true;
  const inside = embedded(address);
  return inside !== null && NEVER.check(inside, "ipv4");
}

/** The IPv4 address in `::ffff:a.b.c.d`, `::a.b.c.d` or NAT64's `64:ff9b::a.b.c.d`. */
function embedded(address: string): string | null {
  const url = URL.parse(`http://[${address.replace(/%.*$/, "")}]`);
  const text = url?.hostname.slice(1, -1) ?? "";
  const match = /^(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (match === null) return null;
  const [high, low] = [Number.parseInt(match[1] ?? "0", 16), Number.parseInt(match[2] ?? "0", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function refuse(host: string, address: string): AppError {
  const where = host === address ? host : `${host} (${address})`;
  return new AppError(
    "ADDRESS_REFUSED",
    `${where} is a link-local or metadata address, which is never called; name another`,
  );
}

/** Throws ADDRESS_REFUSED for an address whose host is written as a number: no name is looked up then. */
export function refuseNever(address: string | URL): void {
  const literal = URL.parse(address)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (isNeverCalled(literal)) throw refuse(literal, literal);
}

/**
 * The same for a name, by what it resolves to now: for libraries that connect by themselves and take no
 * `lookup`. A name that does not resolve is theirs to report.
 */
export async function refuseResolved(address: string): Promise<void> {
  refuseNever(address);
  const host = URL.parse(address)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (host === "" || isIP(host) !== 0) return;
  await new Promise<void>((resolve, reject) => {
    guardedLookup(host, {}, (error) => {
      if (error instanceof AppError) reject(error);
      else resolve();
    });
  });
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** `dns.lookup` for agents and requests, which fails where a name resolves to what is never called. */
export function guardedLookup(
  host: string,
  options: LookupOptions,
  callback: LookupCallback,
  resolve: typeof lookup = lookup,
): void {
  resolve(host, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, "");
    const bad = found.find(({ address }) => isNeverCalled(address));
    if (bad !== undefined) return callback(refuse(host, bad.address), "");
    if (options.all === true) return callback(null, found);
    const [first] = found;
    callback(null, first?.address ?? "", first?.family ?? 4);
  });
}

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | null;
  timeoutMs?: number;
  maxBytes?: number;
  signal?: AbortSignal | undefined;
  /** How names are resolved; for tests. */
  resolve?: typeof lookup;
}

/**
 * One request to http or https, whole answer in memory. A redirect is an answer like any other and is
 * never followed. Throws ADDRESS_REFUSED, SOURCE_UNREADABLE where the answer is too long or too late,
 * and the network's own errors.
 */
export async function call(url: URL, options: CallOptions = {}): Promise<Response> {
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new AppError("ADDRESS_REFUSED", `${url.protocol} is not called; only https and http are`);
  refuseNever(url);
  const { timeoutMs = 10_000, maxBytes = 1 << 20 } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal =
    options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  return new Promise<Response>((resolve, reject) => {
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(
      url,
      {
        method: options.method ?? "GET",
        headers: { "accept-encoding": "identity", ...options.headers },
        signal,
        lookup: (host, how, callback) => guardedLookup(host, how, callback, options.resolve),
      },
      (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on("data", (part: Buffer) => {
          bytes += part.length;
          parts.push(part);
          if (bytes > maxBytes)
            answer.destroy(
              new AppError(
                "SOURCE_UNREADABLE",
                `${url.origin}: the answer is longer than ${maxBytes} bytes`,
              ),
            );
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const status = answer.statusCode ?? 502;
          const headers = new Headers();
          for (const [name, value] of Object.entries(answer.headers))
            if (value !== undefined) headers.set(name, [value].flat().join(", "));
          const empty = [101, 204, 205, 304].includes(status);
          resolve(new Response(empty ? null : Buffer.concat(parts), { status, headers }));
        });
      },
    );
    request.on("error", (error) => {
      reject(
        timeout.aborted
          ? new AppError(
              "SOURCE_UNREADABLE",
              `${url.origin}: no whole answer within ${timeoutMs} ms`,
            )
          : error,
      );
    });
    request.end(options.body ?? undefined);
  });
}
