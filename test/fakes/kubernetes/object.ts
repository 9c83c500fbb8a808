/** An object as the API gives it. */
export interface StoredObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [more: string]: unknown;
  };
  [more: string]: unknown;
}

/** What a caller gives: metadata may lack all that the server sets. */
export interface GivenObject {
  metadata?: Record<string, unknown> & { name?: string; namespace?: string };
  [more: string]: unknown;
}
