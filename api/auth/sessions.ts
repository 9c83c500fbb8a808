import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { type Principal, principalOf, type Role } from "../../analysis/principal.ts";
import type { Register } from "../../data/register.ts";
import {
  dropSession,
  keepSession,
  sessionByHash,
  sessionSeen,
  type SessionRow,
  sweepSessions,
} from "../../data/register/access.ts";

/**
 * Sessions of people. The cookie is 256 random bits; the register holds its hash, and the provider's
 * refresh token under a key made from the cookie, so neither a copy of the register nor a backup of
 * it is a way in.
 */

const NOTED_EVERY = 60_000;

export interface Session {
  principal: Principal;
  subject: string;
  /** What a request that changes something must carry. */
  csrf: string;
  /** Milliseconds since the provider was last asked. */
  age: number;
}

export interface Granted {
  subject: string;
  name: string;
  roles: readonly Role[];
  teams: readonly string[] | null;
  refresh: string | null;
}

interface Lifetimes {
  idle: number;
  absolute: number;
  totals: boolean;
}

const hashOf = (cookie: string) => createHash("sha256").update(cookie).digest("hex");

export class Sessions {
  readonly #register: Register;
  readonly #now: () => Date;
  readonly #life: Lifetimes;
  constructor(register: Register, now: () => Date, life: Lifetimes) {
    this.#register = register;
    this.#now = now;
    this.#life = life;
  }

  /** Begins a session under a new cookie and ends the one the browser had, if any. */
  begin(granted: Granted, before: string | undefined): string {
    const cookie = randomBytes(32).toString("base64url");
    const at = this.#now().getTime();
    if (before !== undefined) this.end(before);
    sweepSessions(this.#register, at - this.#life.absolute, at - this.#life.idle);
    this.#keep(cookie, granted, at);
    return cookie;
  }

  /** The session of a cookie; null where there is none or its time is over. */
  find(cookie: string): Session | null {
    const row = sessionByHash(this.#register, hashOf(cookie));
    if (row === null) return null;
    const at = this.#now().getTime();
    if (at - row.createdAt >= this.#life.absolute || at - row.seenAt >= this.#life.idle) {
      this.end(cookie);
      return null;
    }
    if (at - row.seenAt > NOTED_EVERY) sessionSeen(this.#register, row.hash, at);
    return {
      principal: principalOf({
        name: row.name,
        roles: row.roles as Role[],
        teams: row.teams,
        totals: this.#life.totals,
        caller: row.subject,
      }),
      subject: row.subject,
      csrf: createHmac("sha256", cookie).update("csrf").digest("base64url"),
      age: at - row.checkedAt,
    };
  }

  /** The provider's refresh token of a session; null where it gave none. */
  refreshOf(cookie: string): string | null {
    const sealed = sessionByHash(this.#register, hashOf(cookie))?.refresh ?? null;
    return sealed === null ? null : unseal(sealed, cookie);
  }

  /** Writes what the provider says now; the session goes on under its cookie. */
  renew(cookie: string, granted: Granted): void {
    const row = sessionByHash(this.#register, hashOf(cookie));
    // Signed out while the provider was asked: that stands.
    if (row !== null) this.#keep(cookie, granted, row.createdAt);
  }

  /** Ends a session; false where there was none. */
  end(cookie: string): boolean {
    return dropSession(this.#register, hashOf(cookie));
  }

  #keep(cookie: string, granted: Granted, createdAt: number): void {
    const at = this.#now().getTime();
    const row: SessionRow = {
      hash: hashOf(cookie),
      subject: granted.subject,
      name: granted.name,
      roles: [...granted.roles],
      teams: granted.teams === null ? null : [...granted.teams],
      refresh: granted.refresh === null ? null : seal(granted.refresh, cookie),
      createdAt,
      seenAt: at,
      checkedAt: at,
    };
    keepSession(this.#register, row);
  }
}

/** Whether a request carries its session's token, told in constant time. */
export function isCsrf(session: Session, given: unknown): boolean {
  const wanted = Buffer.from(session.csrf);
  const got = Buffer.from(typeof given === "string" ? given : "");
  return wanted.length === got.length && timingSafeEqual(wanted, got);
}

/** AES-256-GCM: nonce, tag, ciphertext, in base64url. */
export function seal(text: string, secret: string | Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/** What `seal` sealed; null where it was changed, or sealed with another secret. */
export function unseal(text: string, secret: string | Buffer): string | null {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length < 28) return null;
  const decipher = createDecipheriv("aes-256-gcm", keyOf(secret), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}

function keyOf(secret: string | Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "apportion", 32));
}
