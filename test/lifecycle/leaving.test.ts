import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pullRequestOf } from "../../analysis/lifecycle/pull-request.ts";
import { type Recorded, recorded } from "../../analysis/lifecycle/record.ts";
import { readConfig } from "../../api/config.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { appendEvent } from "../../data/register/namespaces.ts";
import { HOSTILE, shown } from "./hostile.ts";
import { LifeHome } from "./home.ts";
import { toConfirmed } from "./road.ts";

test("what is managed from a repository comes with the text of a pull request, in which every name is code", async () => {
  const home = await LifeHome.make("");
  await toConfirmed(home);
  const show = async (name: string) =>
    JSON.parse((await home.run("show", `prod/${name}`, "--format", "json")).out) as {
      pullRequest: string | null;
    };
  expect((await show("team-0")).pullRequest).toBeNull();
  const config = readConfig(home.config);
  const register = new Register(homePaths(config.home).register);
  const one = recorded(register, config.lifecycle).find(({ key }) => key.name === "team-0");
  register.close();
  if (one === undefined) throw new Error("team-0 was not seen");
  const managed = (gitops: string, name = "team-0"): Recorded => ({
    ...one,
    key: { ...one.key, name },
    seen: { ...one.seen, assessment: { ...one.seen.assessment, gitops } },
  });
  expect(pullRequestOf(managed("Argo CD application shop"))).toMatch(
    /^Remove the namespace `team-0` of `prod`\n\n.*since 2026-07-06, and is managed by `Argo CD application shop`\./,
  );
  for (const name of [...Object.values(HOSTILE), "a`b``c"]) {
    const text = pullRequestOf(managed(name, name)) ?? "";
    expect(text).toContain(shown(name));
    // Nothing of it stands outside of a span of code.
    const outside = text.replaceAll(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, "");
    expect(outside).not.toMatch(/<img|<script|HYPERLINK|gnp\.exe|label\./);
  }
  expect(pullRequestOf({ ...managed("x"), life: { ...one.life, state: "active" } })).toBeNull();
}, 60_000);

test("a backup is removed by a purge alone, a month after its namespace went", async () => {
  const home = await LifeHome.make("");
  await home.look();
  const config = readConfig(home.config);
  const register = new Register(homePaths(config.home).register);
  const one = recorded(register, config.lifecycle).find(({ key }) => key.name === "old-shop");
  if (one === undefined) throw new Error("old-shop was not seen");
  const path = "prod/old-shop/2026";
  await mkdir(join(home.folder, "backups", path), { recursive: true });
  const at = home.now.toISOString();
  const worker = { name: "system", role: "worker" };
  expect((await home.run("purge", "prod/old-shop", "--yes")).told).toMatch(
    /it is active, and its backup may be needed; it has no backup/,
  );
  const hashes = { inventoryHash: "h", clusterHash: "c" };
  for (const event of [
    { type: "backed-up", at, path, sha256: "0", problems: [], ...hashes },
    { type: "deleted", at, by: "system", resourceVersion: "1" },
  ])
    appendEvent(register, one.key, event, worker);
  register.close();
  home.pass(29);
  expect((await home.run("purge", "prod/old-shop", "--yes")).told).toMatch(/less than 30 days/);
  home.pass(1);
  expect((await home.run("purge", "prod/old-shop")).out).toContain(`backup ${path} removed`);
  expect(existsSync(join(home.folder, "backups", path))).toBe(true);
  expect((await home.run("purge", "prod/old-shop", "--yes")).code).toBe(0);
  expect(existsSync(join(home.folder, "backups", path))).toBe(false);
  expect(await home.state("old-shop")).toBe("purged");
  expect((await home.run("restore", "prod/old-shop", "--yes")).told).toMatch(
    /it is purged, not deleted/,
  );
}, 60_000);
