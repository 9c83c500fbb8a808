import type { FactSink } from "./facts.ts";
import { label, type Labels } from "./labels.ts";
import type { Owner, Pod } from "./pods.ts";
import { addRuns, intersect, length, type Run, union } from "./runs.ts";

interface Volume {
  handle: string;
  seen: Run[];
}

interface Claim {
  namespace: string;
  name: string;
  /** Of each volume it was bound to, when. */
  volumes: Map<string, Run[]>;
}

/** Persistent volumes: read once a cluster. */
export class Volumes {
  readonly #volumes = new Map<string, Volume>();
  readonly #claimed = new Set<string>();

  info(labels: Labels, runs: readonly Run[]): void {
    const name = labels["persistentvolume"] ?? "";
    const volume = this.#volumes.get(name) ?? { handle: "", seen: [] };
    volume.handle ||= (labels["csi_volume_handle"] ?? "").toLowerCase();
    volume.seen.push(...runs);
    this.#volumes.set(name, volume);
  }

  handle(name: string): string | null {
    const handle = this.#volumes.get(name)?.handle ?? "";
    return handle === "" ? null : handle;
  }

  claimed(name: string): void {
    this.#claimed.add(name);
  }

  /** The volumes no claim was bound to. */
  write(day: string, sink: FactSink): void {
    for (const name of [...this.#volumes.keys()].toSorted())
      if (!this.#claimed.has(name))
        sink.row("volume_day", [day, name, this.handle(name), null, null, 0, null, null, 0]);
  }
}

/** The claims of a shard's namespaces. */
export class Claims {
  readonly #claims = new Map<string, Claim>();

  info(labels: Labels, runs: readonly Run[]): void {
    const namespace = label(labels, "namespace");
    const name = labels["persistentvolumeclaim"] ?? "";
    const volume = labels["volumename"] ?? "";
    if (volume === "") return;
    const key = `${namespace}/${name}`;
    const claim = this.#claims.get(key) ?? { namespace, name, volumes: new Map() };
    addRuns(claim.volumes, volume, runs);
    this.#claims.set(key, claim);
  }

  /** A row for the volume, and one for each workload that mounted it while a pod of it ran. */
  write(
    day: string,
    pods: readonly { pod: Pod; workload: Owner; running: readonly Run[] }[],
    volumes: Volumes,
    sink: FactSink,
  ): void {
    const mounts = new Map<string, { workload: Owner; runs: Run[] }[]>();
    for (const { pod, workload, running } of pods)
      for (const [claim, runs] of pod.claims) {
        const key = `${pod.namespace}/${claim}`;
        const mounted = mounts.get(key) ?? [];
        mounted.push({ workload, runs: intersect(union(runs), running) });
        mounts.set(key, mounted);
      }
    for (const [key, claim] of [...this.#claims].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      for (const [volume, runs] of claim.volumes) {
        const bound = union(runs);
        const row = (workload: Owner | null, mounted: readonly Run[]) =>
          sink.row("volume_day", [
            day,
            volume,
            volumes.handle(volume),
            claim.namespace,
            claim.name,
            seconds(bound),
            workload?.kind ?? null,
            workload?.name ?? null,
            seconds(intersect(union(mounted), bound)),
          ]);
        volumes.claimed(volume);
        const users = mounts.get(key) ?? [];
        row(
          null,
          users.flatMap((user) => user.runs),
        );
        const byWorkload = Map.groupBy(
          users,
          ({ workload }) => `${workload.kind}/${workload.name}`,
        );
        for (const [, same] of [...byWorkload].toSorted(([a], [b]) => (a < b ? -1 : 1)))
          row(
            same[0]?.workload ?? null,
            same.flatMap((user) => user.runs),
          );
      }
  }
}

const seconds = (runs: readonly Run[]) => Math.round(length(runs) / 1000);
