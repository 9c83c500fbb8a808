import { resolve } from "node:path";
import type { TSchema } from "typebox";
import { readSecret } from "../data/config.ts";
import { AppError } from "../data/errors.ts";
import { AzureExportsConfig } from "./azure-exports/config.ts";
import { azureExportsSource } from "./azure-exports/source.ts";
import { directoryStore } from "./azure-exports/directory.ts";
import { AzureQueryConfig } from "./azure-query/config.ts";
import { createAzureQuerySource } from "./azure-query/source.ts";
import { DirectoryConfig } from "./directory/config.ts";
import { directorySource } from "./directory/source.ts";
import { DriversConfig } from "./drivers/config.ts";
import { driversSource } from "./drivers/source.ts";
import { FocusConfig } from "./focus/config.ts";
import { focusSource } from "./focus/source.ts";
import { PrometheusConfig } from "./prometheus/config.ts";
import { prometheusSource } from "./prometheus/source.ts";
import { scansFrom, KubernetesConfig } from "./kubernetes/config.ts";
import { kubernetesSource } from "./kubernetes/source.ts";
import { KubernetesAuditConfig } from "./kubernetes-audit/config.ts";
import { kubernetesAuditSource } from "./kubernetes-audit/source.ts";
import type { Source } from "./source.ts";

interface SourceType {
  schema: TSchema;
  /**
   * @param folder what relative paths in the configuration are relative to
   * @param siblings all entries, for a source that builds on another
   */
  make(config: unknown, folder: string, siblings: readonly unknown[]): Source;
}

/** Every kind of source, by the `type` a configuration names it with. A new one is one line. */
export const SOURCE_TYPES: Readonly<Record<string, SourceType>> = {
  "azure-exports": { schema: AzureExportsConfig, make: azureExports },
  "azure-query": {
    schema: AzureQueryConfig,
    make: (config) => createAzureQuerySource(config as AzureQueryConfig) as unknown as Source,
  },
  focus: {
    schema: FocusConfig,
    make: (config, folder) => focusSource(config as FocusConfig, folder) as unknown as Source,
  },
  prometheus: {
    schema: PrometheusConfig,
    make: (config, folder) =>
      prometheusSource(config as PrometheusConfig, folder) as unknown as Source,
  },
  kubernetes: { schema: KubernetesConfig, make: kubernetes },
  drivers: {
    schema: DriversConfig,
    make: (config, folder, siblings) => driversSource(config as DriversConfig, folder, siblings),
  },
  "kubernetes-audit": {
    schema: KubernetesAuditConfig,
    make: (config, folder) =>
      kubernetesAuditSource(config as KubernetesAuditConfig, folder) as unknown as Source,
  },
  directory: { schema: DirectoryConfig, make: directory },
};

function azureExports(config: unknown, folder: string): Source {
  const exports = config as AzureExportsConfig;
  const { location } = exports;
  return azureExportsSource(exports, async () => {
    if ("directory" in location) return directoryStore(resolve(folder, location.directory));
    const { blobStore } = await import("./azure-exports/blob.ts");
    const { value } = location.auth;
    return blobStore({
      account: location.account,
      container: location.container,
      ...(location.prefix === undefined ? {} : { prefix: location.prefix }),
      auth: {
        type: location.auth.type,
        ...(value === undefined
          ? {}
          : { value: readSecret(value, folder, `source ${exports.name}: auth.value`) }),
      },
    });
  }) as unknown as Source;
}

function kubernetes(config: unknown, folder: string): Source {
  const entry = config as KubernetesConfig;
  return kubernetesSource(entry, scansFrom(entry, folder));
}

function directory(config: unknown, folder: string): Source {
  const entry = config as DirectoryConfig;
  const { file, graph } = entry;
  if ((file === undefined) === (graph === undefined))
    throw new AppError(
      "CONFIG_INVALID",
      `source ${entry.name}: needs one of "file" and "graph"; keep or add one`,
    );
  if (file !== undefined) return directorySource(entry, { file: resolve(folder, file) });
  const secret = graph?.token;
  return directorySource(entry, {
    graph: {
      url: graph?.url ?? "https://graph.microsoft.com",
      teamFrom: graph?.teamFrom ?? "department",
      async token(signal) {
        if (secret !== undefined)
          return readSecret(secret, folder, `source ${entry.name}: graph.token`);
        const { DefaultAzureCredential } = await import("@azure/identity");
        const scope = "https://graph.microsoft.com/.default";
        const found = await new DefaultAzureCredential().getToken(scope, { abortSignal: signal });
        return found.token;
      },
    },
  });
}
