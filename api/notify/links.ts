import { createHmac, timingSafeEqual } from "node:crypto";
import { AppError } from "../../data/errors.ts";
import type { Register } from "../../data/register.ts";
import { linkKey, linkUsed, type NamespaceKey } from "../../data/register/namespaces.ts";

/** What a link in a message does; one link does one thing to one namespace, for one person. */
export interface LinkClaim extends NamespaceKey {
  action: "keep" | "snooze";
  /** The pseudonym of whom it was sent to. */
  by: string;
  /** ISO 8601 UTC; it does nothing from then on. */
  expires: string;
}

/** A signed link's token: what it does, readable by whoever holds it, and that we said so. */
export function signLink(register: Register, claim: LinkClaim): string {
  const { cluster, name, uid, action, by, expires } = claim;
  const text = Buffer.from(JSON.stringify([cluster, name, uid, action, by, expires])).toString(
    "base64url",
  );
  return `${text}.${signature(register, text)}`;
}

/** A link as it was read. */
export interface ReadLink extends LinkClaim {
  signature: string;
}

/** A refusal of a link, with what to do instead. */
export function invalidLink(why: string): AppError {
  return new AppError(
    "LINK_INVALID",
    `${why}; open the newest message about the namespace, or its page`,
  );
}

/** @throws LINK_INVALID where it is not ours, was changed, has expired or was followed before */
export function readLink(register: Register, token: string, now: string): ReadLink {
  const invalid = invalidLink;
  const [text = "", given = ""] = token.split(".");
  const wanted = Buffer.from(signature(register, text));
  const found = Buffer.from(given);
  if (wanted.length !== found.length || !timingSafeEqual(wanted, found))
    throw invalid("this link was not made here, or was changed");
  const [cluster = "", name = "", uid = "", action, by = "", expires = ""] = JSON.parse(
    Buffer.from(text, "base64url").toString("utf8"),
  ) as string[];
  if (expires <= now) throw invalid(`this link ended on ${expires.slice(0, 10)}`);
  if (action !== "keep" && action !== "snooze") throw invalid("this link does nothing we know");
  const used = linkUsed(register, given);
  if (used !== null) throw invalid(`this link was followed on ${used.slice(0, 10)} already`);
  return { cluster, name, uid, action, by, expires, signature: given };
}

function signature(register: Register, text: string): string {
  return createHmac("sha256", linkKey(register)).update(`link ${text}`).digest("base64url");
}
