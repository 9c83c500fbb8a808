import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { doctorCommand } from "../../api/commands/doctor.ts";
import type { Rule } from "../fakes/kubernetes/access.ts";
import { ROOT } from "../needs.ts";
import { LifeHome } from "./home.ts";
import { DELETION } from "./road.ts";

/** What `doctor` says of the two accounts, against clusters that give out exactly what the roles here grant. */

/** The rules of a ClusterRole that is shipped. */
async function rulesOf(file: string): Promise<Rule[]> {
  const text = await readFile(join(ROOT, "deploy/rbac", file), "utf8");
  const roles = parseAllDocuments(text).map(
    (document) => document.toJS() as { kind: string; rules: Rule[] },
  );
  return roles.find(({ kind }) => kind === "ClusterRole")?.rules ?? [];
}

async function doctor(home: LifeHome): Promise<{ code: number; about: (what: string) => string }> {
  let out = "";
  const code = await doctorCommand.run({
    words: [],
    options: { config: home.config },
    screen: {
      out: (text) => void (out += text),
      tell: () => {},
      progress: () => {},
      done: () => {},
      isTTY: false,
    },
    signal: new AbortController().signal,
    now: () => home.now,
  });
  const lines = out.split("\n");
  return { code, about: (what) => lines.filter((line) => line.includes(what)).join("\n") };
}

test("doctor shows which rights each account holds and which are missing", async () => {
  const home = await LifeHome.make(DELETION);
  const reader = await rulesOf("reader.yaml");
  const deleter = await rulesOf("deleter.yaml");
  await writeFile(join(home.folder, "writer.json"), home.cluster.kubeconfig("writer"));
  await writeFile(join(home.folder, "reader.json"), home.cluster.kubeconfig("reader"));
  const config = (await readFile(home.config, "utf8")).replace(
    "- { cluster: prod, kubeconfig: ./reader.json }",
    "- { cluster: prod, kubeconfig: ./writer.json }",
  );
  await writeFile(home.config, config);

  // What is shipped is what is needed, and no more.
  home.cluster.allow("reader", "apportion-reader", reader);
  home.cluster.allow("writer", "apportion-deleter", [...reader, ...deleter]);
  const sound = await doctor(home);
  expect(sound.about("worker prod")).toMatch(
    /^ok .*deleting is on; holds get namespaces, \*\.\*, persistentvolumes; .*delete namespaces; .*; lacks none$/,
  );
  expect(sound.about("source prod-api")).toMatch(
    /^ok .*holds 18 of 18 rights: list namespaces, nodes, /,
  );
  expect(sound.about("source prod-api")).not.toMatch(/note/);
  expect(await home.look()).toMatchObject({ code: 0 });

  // A rule less, and each side says which right that was.
  home.cluster.allow(
    "reader",
    "apportion-reader",
    reader.filter(({ resources }) => !resources.includes("rolebindings")),
  );
  home.cluster.allow(
    "writer",
    "apportion-deleter",
    [...reader, ...deleter].filter(({ apiGroups }) => !apiGroups.includes("batch")),
  );
  const lacking = await doctor(home);
  expect(lacking.code).toBe(3);
  expect(lacking.about("worker prod")).toMatch(
    /^FAILED .*lacks patch cronjobs\.batch, jobs\.batch; bind the ClusterRole apportion-deleter of deploy\/rbac\/deleter\.yaml$/,
  );
  expect(lacking.about("note")).toContain(
    "lacks list rolebindings.rbac.authorization.k8s.io; bind the ClusterRole apportion-reader",
  );

  // Off by default: what the worker lacks then is no failure.
  await writeFile(home.config, config.replace(DELETION, ""));
  expect((await doctor(home)).about("worker prod")).toMatch(/^ok .*deleting is off/);

  // One account for both is told.
  home.cluster.allow("reader", "admin");
  expect((await doctor(home)).about("note")).toMatch(
    /may delete namespaces; patch namespaces, deployments\.apps; create namespaces; list secrets as well, which no reader needs/,
  );
  home.cluster.revoke("writer");
  const revoked = await doctor(home);
  expect([revoked.code, revoked.about("worker prod")]).toEqual([
    3,
    expect.stringMatching(/does not accept the credentials \(HTTP 401: Unauthorized\)/),
  ]);
}, 60_000);
