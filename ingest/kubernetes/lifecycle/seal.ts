import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { AppError } from "../../../data/errors.ts";

/** Secrets of a backup: AES-256-GCM, so that what was changed is found when it is opened. */

const ALGORITHM = "aes-256-gcm";

/** The key of a backup out of what the configuration refers to: any text of 32 characters or more. */
export function backupKey(text: string): Buffer {
  if (text.trim().length < 32)
    throw new AppError(
      "CONFIG_INVALID",
      'namespaces.backup.key is shorter than 32 characters; make one with "openssl rand -base64 32"',
    );
  return createHash("sha256").update(text.trim()).digest();
}

/** `about` is bound to it: a sealed text put in another's place does not open. */
export function seal(key: Buffer, text: string, about: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(about));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64");
}

/** @throws FILE_INVALID where the key is another or the text was changed */
export function unseal(key: Buffer, sealed: string, about: string): string {
  const bytes = Buffer.from(sealed, "base64");
  try {
    const opened = createDecipheriv(ALGORITHM, key, bytes.subarray(0, 12))
      .setAAD(Buffer.from(about))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([opened.update(bytes.subarray(28)), opened.final()]).toString("utf8");
  } catch (error) {
    throw new AppError(
      "FILE_INVALID",
      `${about}: the sealed part does not open; the key is another one, or the file was changed`,
      { cause: error },
    );
  }
}
