import { rm } from "node:fs/promises";
import { AppError } from "../../data/errors.ts";
import { finishLanding, landedUnits, landingFolder, readLanded, startLanding } from "../landing.ts";
import type { LandedFile, Loaded, Plan, Source, SourceContext, Unit } from "../source.ts";
import { openCluster } from "./client.ts";
import { type Access, type KubernetesConfig } from "./config.ts";
import { landRecorded, recordedScans } from "./recorded.ts";
import { hasHistory, type HistoryScan, prepareHistory, writeHistory } from "./history.ts";
import { CallFailure, clusterError } from "./failure.ts";
import { LIST_LIMITS, type ListLimits } from "./list.ts";
import { inWords, NO_READERS, readerRights, rightsOf } from "./rights.ts";
import { readScanList, scanCluster } from "./scan.ts";

/** What a test hands in instead of the real thing. */
export interface KubernetesDependencies {
  limits?: Partial<ListLimits>;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * The objects of a cluster as dated history. A scan is the listing itself, so it happens in `plan`:
 * kinds that cannot be read are its problems, by name, and the rest becomes one unit, landed as
 * NDJSON. Every scan is a run of its own. Recorded scans are planned as they stand, oldest first.
 */
export function kubernetesSource(
  config: KubernetesConfig,
  from: Access | { recorded: string },
  dependencies: KubernetesDependencies = {},
): Source {
  const { name, cluster } = config;
  const place = `${name}: cluster ${cluster}`;
  const scans = new WeakMap<Unit, LandedFile[]>();

  /** The unit of one instant; there is one a scan. */
  const unitAt = (at: Date, bytes: number): Unit => {
    const day = at.toISOString().slice(0, 10);
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    return {
      unit: `${cluster} inventory`,
      run: at.toISOString(),
      submittedAt: at.toISOString(),
      months: [],
      days: { from: day, until: next },
      fingerprint: `scan ${at.toISOString()}`,
      bytes,
    };
  };
  const folderOf = (home: string, unit: Unit) =>
    landingFolder(home, name, unit.unit, unit.fingerprint);

  return {
    name,
    type: config.type,

    async plan(context): Promise<Plan<Unit>> {
      const now = context.now();
      if ("recorded" in from) {
        const scans = await recordedScans(from.recorded, name, now);
        return { units: scans.map(({ at }) => unitAt(at, 0)), problems: [] };
      }
      const known = unitAt(now, 0);
      const folder = folderOf(context.home, known);
      // Two scans of one instant are one scan; what is landed is not written over.
      if ((await readLanded(folder)) !== null) return { units: [known], problems: [] };
      const client = await openCluster(place, from);
      try {
        await startLanding(folder);
        const scan = await scanCluster(client, folder, {
          place,
          unit: known.unit,
          cluster,
          at: now.toISOString(),
          pageSize: config.pageSize ?? 500,
          limits: { ...LIST_LIMITS, ...dependencies.limits },
          signal: context.signal,
          progress: context.progress,
          ...(dependencies.sleep === undefined ? {} : { sleep: dependencies.sleep }),
        });
        const unit = unitAt(
          now,
          scan.files.reduce((sum, file) => sum + file.bytes, 0),
        );
        scans.set(unit, scan.files);
        return { units: [unit], problems: scan.problems };
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      } finally {
        await client.close();
      }
    },

    async examine(context) {
      if ("recorded" in from)
        return { found: `recorded scans in ${from.recorded}`, lacking: [], labels: true };
      const client = await openCluster(place, from);
      try {
        const { signal } = context;
        const wanted = await readerRights(client, signal);
        const { held, missing } = await rightsOf(client, wanted, signal);
        const beyond = await rightsOf(client, NO_READERS, signal);
        return {
          found: `cluster ${cluster} is listed; holds ${held.length} of ${wanted.length} rights: ${inWords(held)}`,
          lacking: [
            ...(missing.length === 0
              ? []
              : [
                  `lacks ${inWords(missing)}; bind the ClusterRole apportion-reader of deploy/rbac/reader.yaml`,
                ]),
            ...(beyond.held.length === 0
              ? []
              : [
                  `may ${inWords(beyond.held)} as well, which no reader needs; give it the account of deploy/rbac/reader.yaml alone`,
                ]),
          ],
          labels: true,
        };
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        throw clusterError(place, client.server, error);
      } finally {
        await client.close();
      }
    },

    async land(unit, context): Promise<LandedFile[]> {
      const folder = folderOf(context.home, unit);
      const before = await readLanded(folder);
      if (before !== null) return before;
      const files =
        "recorded" in from ? await recorded(from.recorded, unit, folder) : scans.get(unit);
      if (files === undefined)
        throw new AppError(
          "FILE_INVALID",
          `${folder}: what the scan of ${unit.run} landed is damaged, and a cluster cannot be asked about the past; remove the folder`,
        );
      await finishLanding(folder, unit, files);
      return files;
    },

    async load(unit, landed, context): Promise<Loaded> {
      const { session } = context;
      const scan = await historyScan(name, cluster, landed);
      await prepareHistory(session);
      // A ledger that was lost is made again from all scans that are still landed.
      const before = (await hasHistory(session, scan)) ? [] : await earlierScans(context, scan);
      return {
        dataset: "Inventory",
        scope: cluster.toLowerCase(),
        exportName: null,
        rows: scan.kinds.reduce((sum, { objects }) => sum + objects, 0),
        promised: null,
        parts: [],
        controls: [],
        rejected: [],
        subAccounts: [],
        stated: [],
        async write(session) {
          for (const each of [...before, scan]) await writeHistory(session, each);
        },
      };
    },
  };

  async function recorded(
    from: string,
    unit: Unit,
    folder: string,
  ): Promise<LandedFile[] | undefined> {
    const at = new Date(unit.run ?? "");
    const scan = (await recordedScans(from, name, at)).find(
      (one) => one.at.getTime() === at.getTime(),
    );
    if (scan === undefined) return undefined;
    await startLanding(folder);
    return landRecorded(scan, folder, cluster);
  }

  async function earlierScans(context: SourceContext, scan: HistoryScan): Promise<HistoryScan[]> {
    const found: HistoryScan[] = [];
    for (const { unit, folder } of await landedUnits(context.home, name)) {
      if (unit.unit !== `${cluster} inventory`) continue;
      const files = await readLanded(folder);
      if (files === null) continue;
      const earlier = await historyScan(name, cluster, files);
      if (earlier.at < scan.at) found.push(earlier);
    }
    return found.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  }
}

async function historyScan(
  source: string,
  cluster: string,
  landed: readonly LandedFile[],
): Promise<HistoryScan> {
  const list = await readScanList(landed, cluster);
  const kinds = list.kinds.map(({ kind, file, objects }) => {
    const path = landed.find(({ name }) => name === file)?.path;
    if (path === undefined)
      throw new AppError(
        "FILE_INVALID",
        `${file} of the scan of ${list.at} is not among the landed files; run the ingest again`,
      );
    return { kind, path, objects };
  });
  return { source, cluster, at: list.at, kinds };
}
