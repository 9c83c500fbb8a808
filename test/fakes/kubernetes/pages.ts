import { randomUUID } from "node:crypto";
import type { StoredObject } from "./object.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import { fieldSelector, labelSelector } from "./selector.ts";
import { badRequest, expired } from "./status.ts";

export interface ListAsk {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  limit?: number | undefined;
  continue?: string | undefined;
}

/** The moment a paged list is of. */
interface Snapshot {
  version: number;
  items: readonly StoredObject[];
}

/** Lists in pages: all pages of a list are of the moment of its first, until that is forgotten. */
export class Pages {
  readonly #snapshots = new Map<string, Snapshot>();

  /** From now on every continue token is too old. */
  forget(): void {
    this.#snapshots.clear();
  }

  /** The body of a list. @param objects by `NAMESPACE/NAME` */
  page(
    resource: Resource,
    ask: ListAsk,
    objects: ReadonlyMap<string, StoredObject>,
    version: number,
  ): object {
    const { snapshot, start, id } = this.#snapshotOf(ask, objects, version);
    const limit = ask.limit ?? 0;
    const end = limit > 0 ? start + limit : snapshot.items.length;
    const remaining = snapshot.items.length - end;
    const selected = (ask.labelSelector ?? "") !== "" || (ask.fieldSelector ?? "") !== "";
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: {
        resourceVersion: String(snapshot.version),
        ...(remaining > 0
          ? {
              continue: token({ id, start: end }),
              ...(selected ? {} : { remainingItemCount: remaining }),
            }
          : {}),
      },
      items: snapshot.items.slice(start, end),
    };
  }

  #snapshotOf(
    ask: ListAsk,
    objects: ReadonlyMap<string, StoredObject>,
    version: number,
  ): { snapshot: Snapshot; start: number; id: string } {
    if (ask.continue !== undefined && ask.continue !== "") {
      const { id, start } = readToken(ask.continue);
      const snapshot = this.#snapshots.get(id);
      if (snapshot !== undefined) return { snapshot, start, id };
      const fresh = this.#take(ask, objects, version);
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
        token({ id: fresh.id, start }),
      );
    }
    return { ...this.#take(ask, objects, version), start: 0 };
  }

  #take(
    ask: ListAsk,
    objects: ReadonlyMap<string, StoredObject>,
    version: number,
  ): { snapshot: Snapshot; id: string } {
    const matches = labelSelector(ask.labelSelector ?? "");
    const fields = fieldSelector(ask.fieldSelector ?? "");
    const items = [...objects]
      .filter(
        ([key, object]) =>
          (ask.namespace === undefined || key.startsWith(`${ask.namespace}/`)) &&
          matches(object.metadata.labels ?? {}) &&
          fields(object),
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
    const snapshot = { version, items };
    const id = randomUUID();
    if ((ask.limit ?? 0) > 0) this.#snapshots.set(id, snapshot);
    return { snapshot, id };
  }
}

function token(value: { id: string; start: number }): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function readToken(text: string): { id: string; start: number } {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as {
      id: string;
      start: number;
    };
  } catch {
    throw badRequest("continue key is not valid");
  }
}
