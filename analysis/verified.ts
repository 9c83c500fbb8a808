import { stat } from "node:fs/promises";
import { sha256File } from "../data/files.ts";

/**
 * Stored files that one build has found to be as they were written. A file is hashed once a build, however
 * many months and findings are made from it, and again where it is another file than the one that was hashed, or
 * was written to since.
 */
export class Verified {
  readonly #seen = new Map<string, string>();

  /** Whether the file has this SHA-256, or what it is instead. */
  async verify(path: string, sha256: string): Promise<"as written" | "missing" | "damaged"> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      const state = [sha256, ino, size, mtimeNs, ctimeNs].join(" ");
      if (this.#seen.get(path) === state) return "as written";
      if ((await sha256File(path)) !== sha256) return "damaged";
      this.#seen.set(path, state);
      return "as written";
    } catch {
      return "missing";
    }
  }
}
