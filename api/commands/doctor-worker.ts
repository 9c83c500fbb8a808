import { asAppError } from "../../data/errors.ts";
import { openCluster } from "../../ingest/kubernetes/client.ts";
import { accessOf } from "../../ingest/kubernetes/config.ts";
import { CallFailure, clusterError } from "../../ingest/kubernetes/failure.ts";
import { DELETER, inWords, rightsOf } from "../../ingest/kubernetes/rights.ts";
import type { Config } from "../config.ts";

/** What the account that may write holds and lacks in a cluster. */
export interface WorkerRights {
  what: string;
  /** False: something that is switched on would not work. */
  ok: boolean;
  detail: string;
}

/** Asks each cluster of `namespaces.worker` what its account may do; one that fails is told by name. */
export async function workerRights(config: Config, signal: AbortSignal): Promise<WorkerRights[]> {
  const isOn = config.lifecycle.deletion !== null;
  const rows: WorkerRights[] = [];
  for (const worker of config.namespaces.worker ?? []) {
    const what = `worker ${worker.cluster}`;
    const place = `namespaces.worker: cluster ${worker.cluster}`;
    try {
      const access = accessOf({ type: "kubernetes", name: "worker", ...worker }, config.folder);
      const client = await openCluster(place, access);
      try {
        const { held, missing } = await rightsOf(client, DELETER, signal);
        rows.push({
          what,
          ok: !isOn || missing.length === 0,
          detail: [
            `deleting is ${isOn ? "on" : "off"}`,
            `holds ${held.length === 0 ? "no right" : inWords(held)}`,
            missing.length === 0
              ? "lacks none"
              : `lacks ${inWords(missing)}${isOn ? "; bind the ClusterRole apportion-deleter of deploy/rbac/deleter.yaml" : ""}`,
          ].join("; "),
        });
      } catch (error) {
        throw error instanceof CallFailure ? clusterError(place, client.server, error) : error;
      } finally {
        await client.close();
      }
    } catch (error) {
      rows.push({ what, ok: false, detail: asAppError(error, what).message });
    }
  }
  return rows;
}
