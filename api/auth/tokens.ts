import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Principal, principalOf, type Role } from "../../analysis/principal.ts";
import { AppError } from "../../data/errors.ts";
import type { Register } from "../../data/register.ts";
import { addToken, tokenById, type TokenRow, tokenUsed } from "../../data/register/access.ts";

/**
 * Tokens for scripts: `apt_ID_SECRET`. The id finds the row, the secret is 256 random bits and kept as
 * its SHA-256 only; of so much chance a slow hash would protect nothing more.
 */

const SHAPE = /^apt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
/** What a Bearer of ours begins with, whatever follows. */
export const TOKEN_PREFIX = "apt_";
const NOTED_EVERY = 60_000;

const digest = (secret: string) => createHash("sha256").update(secret).digest();
// Compared with where the id is unknown, so that an id is not found out by how long the answer takes.
const NOBODY = digest("nobody");

export interface NewToken {
  name: string;
  roles: readonly Role[];
  teams: readonly string[] | null;
  createdBy: string;
  expiresAt: Date;
}

/** Makes a token; its text is in what this gives and nowhere else. */
export function createToken(
  register: Register,
  wish: NewToken,
  now: Date,
): { token: string; id: string } {
  const id = randomBytes(6).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  addToken(register, {
    id,
    name: wish.name,
    hash: digest(secret).toString("hex"),
    roles: [...wish.roles],
    teams: wish.teams === null ? null : [...wish.teams],
    createdAt: now.toISOString(),
    createdBy: wish.createdBy,
    expiresAt: wish.expiresAt.toISOString(),
    revokedAt: null,
    lastUsedAt: null,
  });
  return { token: `${TOKEN_PREFIX}${id}_${secret}`, id };
}

/** Whom a presented token stands for; TOKEN_REFUSED says the same whatever is wrong with it. */
export function principalOfToken(
  register: Register,
  presented: string,
  now: Date,
  totals: boolean,
): Principal {
  const [, id = "", secret = ""] = SHAPE.exec(presented) ?? [];
  const row = tokenById(register, id);
  const same = timingSafeEqual(
    digest(secret),
    row === null ? NOBODY : Buffer.from(row.hash, "hex"),
  );
  if (row === null || !same || !isLive(row, now))
    throw new AppError(
      "TOKEN_REFUSED",
      'the token is unknown, expired or revoked; "apportion token list" on the server tells which, "apportion token create" makes a new one',
    );
  if (row.lastUsedAt === null || now.getTime() - Date.parse(row.lastUsedAt) > NOTED_EVERY)
    tokenUsed(register, row.id, now.toISOString());
  return principalOf({
    name: `token:${row.name}`,
    roles: row.roles as Role[],
    teams: row.teams,
    totals,
  });
}

export function isLive(row: TokenRow, now: Date): boolean {
  return row.revokedAt === null && Date.parse(row.expiresAt) > now.getTime();
}
