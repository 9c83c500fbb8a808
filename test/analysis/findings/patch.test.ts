import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  helmValues,
  isPatchable,
  kustomizePatch,
  type PatchedContainer,
  strategicPatch,
} from "../../../analysis/findings/patch.ts";
import { shapes } from "./shape.ts";

/** What is handed out to be applied, letter by letter. */

const MIB = 1_048_576;
/** The container of a case, with what is recommended for it. */
function patched(name: string, more: Partial<PatchedContainer> = {}): PatchedContainer {
  const [, shape] = shapes().find(([one]) => one === name) ?? [];
  const { cpu = null, memory = null, memoryLimit = memory } = shape?.expect ?? {};
  return {
    namespace: "shop",
    workloadKind: "Deployment",
    workload: "web",
    container: "app",
    cpu: cpu === null ? null : cpu * 1000,
    mem: memory === null ? null : memory * MIB,
    memLimit: memoryLimit === null ? null : memoryLimit * MIB,
    hasCpuLimit: shape?.limit?.cpu !== undefined,
    ...more,
  };
}

describe("a patch", () => {
  it("of a steady container asks for what is recommended, memory's limit its request", () => {
    expect(strategicPatch([patched("gaps-10")])).toBe(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      containers:
        - name: app
          resources:
            requests:
              cpu: 110m
              memory: 345Mi
            limits:
              memory: 345Mi
`);
  });

  it("after a kill far under the limit raises the limit and not the request", () => {
    expect(helmValues(patched("oom-far-from-limit"))).toBe(`# Deployment shop/web, container app
resources:
  requests:
    cpu: 110m
    memory: 460Mi
  limits:
    memory: 2560Mi
`);
    expect(helmValues(patched("oom-at-limit"))).toContain(
      "memory: 640Mi\n  limits:\n    memory: 640Mi",
    );
  });

  it("takes a CPU limit away, and says nothing of a resource that abstained", () => {
    expect(helmValues(patched("critical"))).toBe(`# Deployment shop/web, container app
resources:
  requests:
    cpu: 125m
    memory: 390Mi
  limits:
    cpu: null
    memory: 390Mi
`);
    expect(helmValues(patched("jvm-plateau"))).toBe(`# Deployment shop/web, container app
resources:
  requests:
    cpu: 110m
`);
    // No CPU is recommended, so its limit stays too.
    expect(helmValues(patched("keda-cpu", { hasCpuLimit: true })))
      .toBe(`# Deployment shop/web, container app
resources:
  requests:
    memory: 345Mi
  limits:
    memory: 345Mi
`);
  });

  it("for Kustomize holds the same in a target", () => {
    expect(kustomizePatch([patched("gaps-10")])).toBe(`patches:
  - target:
      group: apps
      version: v1
      kind: Deployment
      name: web
      namespace: shop
    patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
        namespace: shop
      spec:
        template:
          spec:
            containers:
              - name: app
                resources:
                  requests:
                    cpu: 110m
                    memory: 345Mi
                  limits:
                    memory: 345Mi
`);
  });

  it("of a cron job goes into its job's template, of several containers names each, of a Rollout says how", () => {
    const cron = parse(
      strategicPatch([
        patched("cron", { workloadKind: "CronJob" }),
        patched("cron", { workloadKind: "CronJob", container: "sidecar", cpu: 10_000 }),
      ]),
    ) as Record<string, unknown>;
    expect(cron).toEqual({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "web", namespace: "shop" },
      spec: {
        jobTemplate: {
          spec: {
            template: {
              spec: {
                containers: ["900m", "10m"].map((cpu, index) => ({
                  name: index === 0 ? "app" : "sidecar",
                  resources: { requests: { cpu, memory: "230Mi" }, limits: { memory: "230Mi" } },
                })),
              },
            },
          },
        },
      },
    });
    expect(strategicPatch([patched("gaps-10", { workloadKind: "Rollout" })])).toMatch(
      /^# A Rollout's containers have no merge key.*\napiVersion: argoproj.io\/v1alpha1\nkind: Rollout\n/,
    );
    expect(["Pod", "GroupedJob", "constructor"].map(isPatchable)).toEqual([false, false, false]);
  });

  it("of every case that recommends anything is YAML that says just that", () => {
    for (const [name, { expect: said }] of shapes()) {
      if (said.cpu === null && said.memory === null) continue;
      const one = parse(helmValues(patched(name))) as { resources: { requests: object } };
      expect(one.resources.requests, name).toEqual({
        ...(said.cpu === null ? {} : { cpu: `${said.cpu}m` }),
        ...(said.memory === null ? {} : { memory: `${said.memory}Mi` }),
      });
    }
  });
});
