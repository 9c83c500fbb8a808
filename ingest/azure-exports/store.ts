/** Where exports lie: a directory or a blob container. Names are `/`-separated, relative to its root. */
export interface Store {
  /** For messages: the folder or the container's address, without secrets. */
  readonly place: string;
  /** Every file; entries that cannot be taken (links, pipes) come with a `problem`. */
  list(signal: AbortSignal): Promise<StoreEntry[]>;
  /** Small files, manifests: at most `limit` bytes. */
  text(entry: StoreEntry, limit: number, signal: AbortSignal): Promise<string>;
  /** Copies to a new local file; throws UNIT_CHANGED where it is not the entry any more. */
  fetch(entry: StoreEntry, to: string, signal: AbortSignal): Promise<Fetched>;
}

export interface StoreEntry {
  name: string;
  bytes: number;
  /** Changes when the content does: an ETag, or size and time. */
  version: string;
  /** ISO 8601, when it was written. */
  modified: string;
  problem: string | null;
}

export interface Fetched {
  bytes: number;
  sha256: string;
  nul: boolean;
}
