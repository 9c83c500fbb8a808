import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../../ingest/kubernetes/kinds.ts";
import type { Rule } from "../../fakes/kubernetes/access.ts";
import { cli, writeConfig } from "../../home.ts";
import { ROOT } from "../../needs.ts";
import { type Cluster, frozen, history, makeFolder, startCluster } from "./bench.ts";

const DAY_1 = "2026-09-01T06:00:00.000Z";
const DAY_2 = "2026-09-02T06:00:00.000Z";

/** The rules that `deploy/rbac/reader.yaml` grants. */
async function readerRules(): Promise<Rule[]> {
  const text = await readFile(join(ROOT, "deploy/rbac/reader.yaml"), "utf8");
  const role = parseAllDocuments(text)
    .map((document) => document.toJS() as { kind: string; rules: Rule[] })
    .find(({ kind }) => kind === "ClusterRole");
  return role?.rules ?? [];
}

/** A configuration with one cluster, and its kubeconfig beside it. */
async function configure(cluster: Cluster, entry: string, token?: string): Promise<string> {
  const folder = await makeFolder();
  await writeFile(join(folder, "kubeconfig.yaml"), cluster.kubeconfig(token, "prod"));
  await writeConfig(
    folder,
    "",
    `  - { type: kubernetes, name: prod-api, cluster: prod, ${entry} }\n`,
  );
  return folder;
}

const ingest = (folder: string, at = DAY_1, env: Record<string, string> = {}) =>
  cli(["ingest", "--config", join(folder, "apportion.yaml")], {
    env: { APPORTION_NOW: at, ...env },
  });

test("the shipped role grants list on exactly what is read, and a scan needs no more", async () => {
  const rules = await readerRules();
  const granted = rules.flatMap(({ apiGroups, resources }) =>
    apiGroups.flatMap((group) => resources.map((resource) => `${resource}.${group}`)),
  );
  expect(granted.toSorted()).toEqual(
    KINDS.map(({ resource, group }) => `${resource}.${group}`).toSorted(),
  );
  expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(["list"]));

  const cluster = await startCluster("2026-08-01T00:00:00Z");
  cluster.allow("reader-token", "reader", rules);
  cluster.add("Namespace", "", "shop");
  cluster.add("Pod", "shop", "one");
  const folder = await configure(
    cluster,
    "kubeconfig: kubeconfig.yaml, context: prod",
    "reader-token",
  );
  const { code, err, units } = await ingest(folder);
  expect([code, err]).toEqual([0, ""]);
  expect(units).toMatchObject([{ unit: "prod inventory", outcome: "loaded", rows: 2 }]);
  expect((await history(folder)).map(({ name }) => name)).toEqual(["shop", "one"]);
  expect(new Set(cluster.asked.map(({ method }) => method))).toEqual(new Set(["GET"]));
  const sources = await cli(["sources", "--config", join(folder, "apportion.yaml")]);
  expect(sources.out).toContain("prod inventory");
});

test("a kind without its rule: exit 3, one line that says what to bind, the rest is loaded", async () => {
  const cluster = await startCluster("2026-08-01T00:00:00Z");
  const rules = (await readerRules()).filter(({ apiGroups }) => !apiGroups.includes("batch"));
  cluster.allow("reader-token", "reader", rules);
  cluster.add("Namespace", "", "shop");
  const folder = await configure(cluster, "kubeconfig: ./kubeconfig.yaml", "reader-token");
  const { code, err, units } = await ingest(folder);
  expect(code).toBe(3);
  expect(err.trim().split("\n")).toHaveLength(2);
  expect(err).toMatch(
    /^apportion: prod-api: cluster prod: not allowed: verb list on resource cronjobs\.batch .* bind the ClusterRole apportion-reader of deploy\/rbac\/reader\.yaml/m,
  );
  expect(units.map(({ unit, outcome }) => `${unit} ${outcome}`)).toEqual([
    "prod inventory/cronjobs failed",
    "prod inventory/jobs failed",
    "prod inventory loaded",
  ]);
  const shown = await cli(["sources", "--config", join(folder, "apportion.yaml")]);
  expect(shown.out).toContain("cronjobs.batch");
});

test.each([
  [
    "kubeconfig: nowhere.yaml",
    3,
    /kubeconfig .*nowhere\.yaml cannot be read \(ENOENT\); check the path/,
  ],
  [
    "kubeconfig: ~/no-such-kubeconfig",
    3,
    /kubeconfig \/\S*home-of-test\/no-such-kubeconfig cannot be read/,
  ],
  ["kubeconfig: kubeconfig.yaml, context: prd", 3, /has no context "prd" - did you mean "prod"\?/],
  ["kubeconfig: apportion.yaml", 3, /has no current context/],
  ["inCluster: true", 3, /does not run in a pod with a service account/],
  ["inCluster: true, kubeconfig: kubeconfig.yaml", 2, /has inCluster and kubeconfig; keep one/],
  ["pageSize: 10", 2, /"kubeconfig" is missing/],
  ["kubeconfig: kubeconfig.yaml, pageSize: 0", 2, /pageSize is 0; it must be how many/],
  ["kubeconfig: kubeconfig.yaml, contxt: prod", 2, /unknown key "contxt" - did you mean "context"/],
])("%s: exit %i", async (entry, exit, said) => {
  const cluster = await startCluster(DAY_1);
  const folder = await configure(cluster, entry);
  const { code, err } = await ingest(folder, DAY_1, { HOME: "/home-of-test" });
  expect([code, err]).toEqual([exit, expect.stringMatching(said)]);
  expect(cluster.asked).toEqual([]);
});

test("no token and no certificate is ever printed, even from a broken kubeconfig", async () => {
  const cluster = await startCluster(DAY_1);
  const folder = await configure(cluster, "kubeconfig: kubeconfig.yaml");
  const broken = [
    `users: [{ name: u, user: { token: "hunter2-token" }`,
    `users:\n  - name: u\n\tuser: hunter2-token\n`,
    `hunter2-token`,
    `{"clusters": 7, "users": "hunter2-token"}`,
    cluster.kubeconfig("hunter2-token").replace(/http:\/\/127[^"]*/, "ftp://hunter2-token@host"),
    cluster
      .kubeconfig("hunter2-token")
      .replace('"insecure-skip-tls-verify":true', '"insecure-skip-tls-verify":false'),
    cluster.kubeconfig("hunter2-token"),
  ];
  for (const text of broken) {
    await writeFile(join(folder, "kubeconfig.yaml"), text);
    const { code, err, out } = await ingest(folder);
    expect(code, text).toBe(3);
    expect(err).toMatch(/^apportion: prod-api/);
    expect(err + out).not.toContain("hunter2");
  }
});

test("killed at any point of a scan, the next one makes the same history", async () => {
  const cluster = await startCluster("2026-08-01T00:00:00Z");
  const fill = () => {
    cluster.add("Namespace", "", "shop", { metadata: { labels: { team: "a" } } });
    for (let index = 0; index < 60; index++) cluster.add("Pod", "shop", `pod-${index}`);
  };
  fill();
  const entry = "kubeconfig: kubeconfig.yaml, pageSize: 10";
  const [killed, whole] = [await configure(cluster, entry), await configure(cluster, entry)];
  for (const folder of [killed, whole]) expect((await ingest(folder)).code).toBe(0);
  cluster.label("Namespace", "", "shop", { team: "b" });
  for (let index = 0; index < 60; index += 3) cluster.remove("Pod", "shop", `pod-${index}`);

  const from = cluster.asked.length;
  for (const [calls, wait] of [
    [1, 0],
    [9, 0],
    [14, 0],
    [23, 30],
    [23, 150],
    [23, 300],
  ] as const) {
    const start = cluster.asked.length;
    let kill: (() => void) | null = null;
    cluster.fault = () => {
      if (cluster.asked.length - start === calls) kill?.();
      return undefined;
    };
    const child = spawn(
      process.execPath,
      [join(ROOT, "bin/apportion.js"), "ingest", "--config", join(killed, "apportion.yaml")],
      {
        env: { ...process.env, APPORTION_NOW: DAY_2 },
        stdio: "ignore",
        detached: true,
      },
    );
    // The command runs under the pinned Node, a child of its own: the whole group goes.
    kill = () => void setTimeout(wait).then(() => stopGroup(child.pid));
    await new Promise((resolve) => child.on("exit", resolve));
  }
  cluster.fault = null;
  expect(cluster.asked.length).toBeGreaterThan(from + 30);
  expect((await ingest(killed, DAY_2)).code).toBe(0);
  expect((await ingest(whole, DAY_2)).code).toBe(0);
  expect(await frozen(killed)).toBe(await frozen(whole));
  expect((await history(killed, "Pod")).filter(({ to }) => to === DAY_2)).toHaveLength(20);
});

function stopGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
