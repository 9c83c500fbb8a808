import { rm } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { AppError, asAppError, printable } from "../../data/errors.ts";
import { guardedLookup, refuseNever } from "../../data/outward.ts";
import { copyHashed } from "../cost/plain.ts";
import type { Fetched, Store, StoreEntry } from "./store.ts";
import type { BlobClient, ContainerClient } from "@azure/storage-blob";

export interface BlobPlace {
  /** The account's blob address. */
  account: string;
  container: string;
  prefix?: string;
  auth: { type: "azure" | "connectionString" | "sas"; value?: string };
}

// The client resumes a download that ends early but gives up on one whose connection is cut.
const TRIES = 3;
// Our own disk, not the storage.
const LOCAL = /^(ENOSPC|EDQUOT|EROFS|EIO|EACCES|EMFILE|ENFILE|EEXIST)$/;

/**
 * Exports in blob storage. Every read says which version it means (`If-Match`), so an export that is
 * overwritten while it is read is seen; Content-MD5 is compared where the blob has one.
 */
export async function blobStore(place: BlobPlace): Promise<Store> {
  const container = await openContainer(place);
  const prefix =
    place.prefix === undefined || place.prefix === ""
      ? ""
      : `${place.prefix.replace(/^\/|\/$/g, "")}/`;
  const address = `${place.account.replace(/\/$/, "")}/${place.container}/${prefix}`;
  const explain = (error: unknown, what: string): never => {
    if (error instanceof AppError) throw error;
    const status = (error as { statusCode?: number }).statusCode;
    const code = (error as { code?: string }).code ?? (error as Error).name;
    if (LOCAL.test(code)) throw asAppError(error, what);
    if (status === 404 || status === 412)
      throw new AppError("UNIT_CHANGED", `${what}: the blob is gone or was written anew`, {
        cause: error,
      });
    if (status === 401 || status === 403)
      throw new AppError(
        "SOURCE_UNREADABLE",
        `${address}: access denied (${code}); give this identity "Storage Blob Data Reader" on the container`,
        { cause: error },
      );
    throw new AppError(
      "SOURCE_UNREADABLE",
      `${what}: cannot be read (${code === "AbortError" ? "the connection was cut" : code}${status === undefined ? "" : `, HTTP ${status}`}); check the address and the network`,
      { cause: error },
    );
  };
  return {
    place: address,
    async list(signal) {
      const entries = [];
      try {
        for await (const blob of container.listBlobsFlat({ prefix, abortSignal: signal })) {
          if (!blob.name.startsWith(prefix)) continue;
          entries.push({
            name: blob.name.slice(prefix.length),
            bytes: blob.properties.contentLength ?? 0,
            version: blob.properties.etag,
            modified: blob.properties.lastModified.toISOString(),
            problem: null,
          });
        }
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404)
          throw new AppError(
            "SOURCE_UNREADABLE",
            `${address}: there is no such container; check account and container`,
            { cause: error },
          );
        explain(error, address);
      }
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async text(entry, limit, signal) {
      if (entry.bytes > limit)
        throw new AppError("MANIFEST_INVALID", `${entry.name}: larger than ${limit} bytes`);
      if (entry.bytes === 0) return "";
      try {
        const buffer = await container
          .getBlobClient(prefix + entry.name)
          // With its length known the client asks once, not twice.
          .downloadToBuffer(0, entry.bytes, {
            conditions: { ifMatch: entry.version },
            abortSignal: signal,
          });
        return buffer.toString("utf8");
      } catch (error) {
        return explain(error, printable(entry.name));
      }
    },
    async fetch(entry, to, signal) {
      for (let attempt = 1; ; attempt++)
        try {
          return await download(container.getBlobClient(prefix + entry.name), entry, to, signal);
        } catch (error) {
          await rm(to, { force: true });
          const { statusCode, code } = error as { statusCode?: number; code?: string };
          const cut =
            !(error instanceof AppError) && statusCode === undefined && !LOCAL.test(code ?? "");
          if (!cut || attempt === TRIES || signal.aborted)
            return explain(error, printable(entry.name));
        }
    },
  };
}

async function download(
  blob: BlobClient,
  entry: StoreEntry,
  to: string,
  signal: AbortSignal,
): Promise<Fetched> {
  const answer = await blob.download(0, undefined, {
    conditions: { ifMatch: entry.version },
    abortSignal: signal,
  });
  if (answer.readableStreamBody === undefined)
    throw new AppError("SOURCE_UNREADABLE", `${printable(entry.name)}: the answer has no body`);
  const copied = await copyHashed(answer.readableStreamBody, to, { signal, md5: true });
  const stated = answer.contentMD5;
  if (stated !== undefined && Buffer.from(stated).toString("base64") !== copied.md5)
    throw new AppError(
      "FILE_INVALID",
      `${printable(entry.name)}: the bytes do not match the blob's Content-MD5; run the command again`,
    );
  if (copied.bytes !== entry.bytes)
    throw new AppError("UNIT_CHANGED", `${printable(entry.name)}: the blob ended early`);
  return copied;
}

async function openContainer(place: BlobPlace): Promise<ContainerClient> {
  const container = await signedContainer(place);
  // An address that is a number is not looked up.
  refuseNever(container.url);
  return container;
}

/** An emulator, or a storage behind a proxy of one's own. */
function isPlainHttp({ account, auth }: BlobPlace): boolean {
  return auth.type === "connectionString"
    ? /(?:^|;)\s*(?:BlobEndpoint=http:|DefaultEndpointsProtocol=http(?:;|$))/i.test(
        auth.value ?? "",
      )
    : account.startsWith("http:");
}

async function signedContainer(place: BlobPlace): Promise<ContainerClient> {
  // Loaded only here: the client and its sign-in library are most of the packages this needs.
  const { BlobServiceClient, ContainerClient: Client } = await import("@azure/storage-blob");
  const agents = { keepAlive: true, lookup: guardedLookup };
  const options = {
    retryOptions: { maxTries: 4 },
    userAgentOptions: { userAgentPrefix: "apportion" },
    // Handed on to the library's own pipeline: never to a metadata address, whatever the name resolves to
    // at that moment, and never on to where an answer leads.
    agent: isPlainHttp(place) ? new HttpAgent(agents) : new HttpsAgent(agents),
    redirectOptions: { maxRetries: 0 },
  };
  const secret = () => {
    if (place.auth.value === undefined || place.auth.value === "")
      throw new AppError("CONFIG_INVALID", `auth ${place.auth.type}: value is missing`);
    return place.auth.value;
  };
  if (place.auth.type === "connectionString")
    return BlobServiceClient.fromConnectionString(secret(), options).getContainerClient(
      place.container,
    );
  const url = `${place.account.replace(/\/$/, "")}/${place.container}`;
  if (place.auth.type === "sas")
    return new Client(`${url}?${secret().replace(/^\?/, "")}`, undefined, options);
  if (!url.startsWith("https://"))
    throw new AppError("CONFIG_INVALID", `${place.account}: sign-in with Azure needs https`);
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new Client(url, new DefaultAzureCredential(), options);
}
