import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LifeHome } from "./home.ts";
import { DELETION, serve, toDue, toNotified, toQuarantine, writes } from "./road.ts";
import { smtp } from "./smtp.ts";

/**
 * Every refusal, through the command line, the real client and the API server over HTTP: what is asked
 * for is not done, nothing is written in the cluster, and the message says why. All on one road: each
 * refusal has a namespace that would go if it were not for that one thing.
 */

/** `sound` and `awake` lack nothing: what is refused about them leaves them as they were. */
const ASLEEP = [
  "uid",
  "moved",
  "version",
  "mark",
  "pod",
  "object",
  "written",
  "content",
  "sound",
  "tampered",
  "going",
  "many",
  "cap-1",
  "cap-2",
  "stirred",
] as const;
const AWAKE = ["a-uid", "a-mark", "a-content", "a-half", "awake"] as const;

let home: LifeHome;
let config = "";
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const { notify } = await smtp((end) => void ends.push(end));
  home = await LifeHome.make(
    DELETION + notify("https://apportion.example.org"),
    [...ASLEEP, ...AWAKE, "told"],
    (end) => void ends.push(end),
  );
  config = await readFile(home.config, "utf8");
  await toNotified(home);
  await toQuarantine(home, ASLEEP);
  await toDue(home);
  for (const name of AWAKE) await home.agree(name);
}, 240_000);
afterAll(async () => {
  for (const end of ends) await end();
});

afterEach(async () => {
  home.cluster.fault = null;
  await writeFile(home.config, config);
});

const store = () => home.cluster.store;
const there = (name: string) => store().get(store().ofKind("Namespace"), name);
const annotate = (name: string, annotations: Record<string, string>) =>
  store().update(store().ofKind("Namespace"), name, "", (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, ...annotations },
    },
  }));
const put = (kind: string, namespace: string, name: string, body: object = {}) =>
  store().create(store().ofKind(kind), { metadata: { name, namespace }, ...body });

/** Runs it, and expects it refused for that reason, with nothing changed in the cluster. */
async function refused(verb: string, name: string, why: RegExp): Promise<void> {
  const before = writes(home).length;
  const ran = await home.run(verb, `prod/${name}`, "--yes");
  expect({ told: ran.told, refused: ran.code !== 0 }).toEqual({
    told: expect.stringMatching(why),
    refused: true,
  });
  expect(writes(home).slice(before)).toEqual([]);
}

/** Lets something happen in the cluster when a request is made for the nth time. */
function when(method: string, path: string, nth: number, happen: () => void): void {
  let seen = 0;
  home.cluster.fault = (asked) => {
    if (asked.method === method && asked.path === path && ++seen === nth) happen();
    return undefined;
  };
}

const answers = (method: string, path: RegExp, status: number, message: string) => {
  home.cluster.fault = (asked) =>
    asked.method === method && path.test(asked.path)
      ? { status, body: JSON.stringify({ message }) }
      : undefined;
};

describe("a deletion is refused", () => {
  test("where another namespace has the name by now (uid)", async () => {
    store().delete(store().ofKind("Namespace"), "uid");
    store().create(store().ofKind("Namespace"), { metadata: { name: "uid" } });
    await refused("delete", "uid", /another namespace has that name by now/);
    expect(there("uid").metadata.deletionTimestamp).toBeUndefined();
  });

  test("by the server's precondition, where it is another between the look and the call (uid)", async () => {
    when("DELETE", "/api/v1/namespaces/moved", 1, () => {
      store().delete(store().ofKind("Namespace"), "moved");
      store().create(store().ofKind("Namespace"), { metadata: { name: "moved" } });
    });
    await refused("delete", "moved", /Precondition failed: UID/);
    expect(there("moved").metadata.deletionTimestamp).toBeUndefined();
  });

  test("by the server's precondition, where it changed between the look and the call (resourceVersion)", async () => {
    when("DELETE", "/api/v1/namespaces/version", 1, () => annotate("version", { note: "mine" }));
    await refused(
      "delete",
      "version",
      /Precondition failed: ResourceVersion.*it changed while it was looked at: run the command again/,
    );
    expect(there("version").metadata.deletionTimestamp).toBeUndefined();
  });

  test("where somebody protected it in the cluster since", async () => {
    annotate("mark", { "janitor/ttl": "forever" });
    await refused("delete", "mark", /janitor\/ttl=forever protects it/);
  });

  test("where a pod runs", async () => {
    put("Pod", "pod", "by-hand", { status: { phase: "Running" } });
    await refused("delete", "pod", /pod by-hand runs/);
  });

  test("where something was made since the last scan", async () => {
    put("ConfigMap", "object", "fresh");
    await refused("delete", "object", /it is not dormant: ConfigMap fresh was created on 2026-/);
  });

  test("where somebody wrote to what no scan reads, by the server's own record of it", async () => {
    store().update(store().ofKind("Secret"), "password", "written", (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        managedFields: [
          { manager: "kubectl-edit", operation: "Update", time: home.now.toISOString() },
        ],
      },
    }));
    await refused("delete", "written", /it is not dormant: Secret password was changed on 2026-/);
  });

  test("where the content is another than the backup's", async () => {
    // Looked at a second time: by then somebody wrote.
    when("GET", "/api/v1/namespaces/content", 2, () =>
      store().update(store().ofKind("ConfigMap"), "settings", "content", (object) => ({
        ...object,
        data: { a: "2" },
      })),
    );
    await refused("delete", "content", /what the cluster holds is not what the backup holds/);
  });

  test("where a kind cannot be read", async () => {
    answers("GET", /\/namespaces\/sound\/secrets/, 403, "no");
    await refused("delete", "sound", /backup is incomplete: secrets: HTTP 403/);
  });

  test("where a group does not answer to discovery", async () => {
    answers("GET", /^\/apis\/batch\/v1$/, 404, "gone");
    await refused("delete", "sound", /backup is incomplete: discovery of \/apis\/batch\/v1/);
  });

  test("where the server would not take an object back", async () => {
    answers("PUT", /\/namespaces\/sound\/configmaps\/settings$/, 422, "denied by a webhook");
    await refused(
      "delete",
      "sound",
      /ConfigMap settings would not be restored.*denied by a webhook/,
    );
  });

  test("where the backup is not what was written any more", async () => {
    answers("DELETE", /tampered$/, 403, "not yet");
    await refused("delete", "tampered", /not yet/);
    expect(await home.state("tampered")).toBe("backed-up");
    home.cluster.fault = null;
    const [folder = ""] = await readdir(join(home.folder, "backups/prod/tampered"));
    const file = join(home.folder, "backups/prod/tampered", folder, "configmaps.ndjson.gz");
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, -1));
    await refused("delete", "tampered", /configmaps\.ndjson\.gz: is not what was written/);
    await writeFile(file, whole);
    expect((await home.run("delete", "prod/tampered", "--yes")).code).toBe(0);
  });

  test("where the account may not, with the role that is lacking", async () => {
    answers("DELETE", /sound$/, 403, 'cannot delete resource "namespaces"');
    await refused("delete", "sound", /cannot delete.*ClusterRole apportion-deleter of deploy/);
  });

  test("where the credentials are not accepted", async () => {
    answers("GET", /./, 401, "Unauthorized");
    await refused("delete", "sound", /HTTP 401: Unauthorized/);
  });

  test("where the server goes away", async () => {
    home.cluster.fault = ({ method }) => (method === "GET" ? { breaks: true } : undefined);
    await refused("delete", "sound", /could not be reached/);
  });

  test("where it is being deleted already", async () => {
    put("ConfigMap", "going", "held", {});
    store().update(store().ofKind("ConfigMap"), "held", "going", (object) => ({
      ...object,
      metadata: { ...object.metadata, finalizers: ["example.org/keep"] },
    }));
    store().delete(store().ofKind("Namespace"), "going");
    await refused("delete", "going", /is being deleted already/);
  });

  test("on evidence of a quarter of an hour ago", async () => {
    when("GET", "/api/v1/namespaces/sound/configmaps", 1, () => home.pass(15 / 1_440));
    await refused("delete", "sound", /the cluster was looked at 15 minutes ago/);
  });

  test("while the kill switch is on, out of the window, on a holiday, where deleting is off", async () => {
    const day = home.now.toISOString().slice(0, 10);
    for (const [from, to, why] of [
      ["maxCount: 1", "maxCount: 1\n    stop: true", /kill switch is on/],
      ['until: "23:59"', 'until: "00:01"', /outside of the window/],
      ['until: "23:59" }', `until: "23:59", holidays: ["${day}"] }`, /today is a holiday/],
    ] as const) {
      expect(config).toContain(from);
      await writeFile(home.config, config.replace(from, to));
      await refused("delete", "sound", why);
      await refused("quarantine", "awake", why);
    }
    await writeFile(home.config, config.replace(/ {2}deletion:\n(?: {4}.*\n)+/, ""));
    await refused("delete", "sound", /deleting is off/);
    await refused("quarantine", "awake", /deleting is off/);
  });

  test("where no account may write, or no place for a backup is named", async () => {
    await writeFile(home.config, config.replace(/ {2}worker:\n.*\n/, ""));
    await refused("delete", "sound", /namespaces\.worker has no entry for the cluster "prod"/);
    await writeFile(home.config, config.replace(/ {2}backup: .*\n/, ""));
    await refused("delete", "sound", /deleting needs namespaces\.backup with a folder and a key/);
  });

  test("of all of a run, where it is more than a cap takes", async () => {
    const server = await serve(home);
    const names = ["cap-1", "cap-2"];
    for (const name of names)
      await fetch(`${server}/api/v1/namespaces/prod/${name}/delete`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
    const before = writes(home).length;
    const worked = await home.run("work", "--yes");
    expect(worked.told).toMatch(/nothing is deleted: 2 namespaces would go, and at most 1 may/);
    expect(worked.code).not.toBe(0);
    expect(writes(home).slice(before)).toEqual([]);
    for (const name of names) expect(there(name).metadata.deletionTimestamp).toBeUndefined();
  });

  test("of what stirred since it was put to sleep", async () => {
    put("Pod", "stirred", "web-9", { status: { phase: "Running" } });
    await home.ingest();
    await refused("delete", "stirred", /it is active, not backed up/);
    const before = writes(home).length;
    expect((await home.run("work", "--yes")).out).toContain("replicas 0 to 2");
    expect(writes(home).slice(before)).toContain(
      "PATCH /apis/apps/v1/namespaces/stirred/deployments/web",
    );
  });
});

test("a namespace of 1 200 settings is read page by page, over a continue token that dies (410)", async () => {
  for (let index = 0; index < 1_200; index++)
    store().create(store().ofKind("ConfigMap"), {
      metadata: { name: `n${index}`, namespace: "many" },
    });
  let compacted = 0;
  home.cluster.fault = ({ path, query }) => {
    if (
      path.endsWith("/namespaces/many/configmaps") &&
      query["continue"] !== undefined &&
      compacted++ === 0
    )
      store().compact();
    return undefined;
  };
  const before = home.cluster.asked.length;
  // Somebody's work of today: nothing of it is deleted.
  await refused("delete", "many", /it is not dormant: ConfigMap n\d+ was created/);
  expect(compacted).toBeGreaterThan(1);
  const pages = home.cluster.asked
    .slice(before)
    .filter(({ path }) => path.endsWith("/namespaces/many/configmaps"))
    .map(({ query }) => [query["limit"], query["continue"] !== undefined]);
  // The first list starts over; then a whole one, and one more to look again.
  expect(pages.slice(0, 5)).toEqual([
    ["500", false],
    ["500", true],
    ["500", false],
    ["500", true],
    ["500", true],
  ]);
  const [folder = ""] = await readdir(join(home.folder, "backups/prod/many"));
  const manifest = await readFile(
    join(home.folder, "backups/prod/many", folder, "manifest.json"),
    "utf8",
  );
  const { files } = JSON.parse(manifest) as { files: { file: string; objects: number }[] };
  expect(files.find(({ file }) => file === "configmaps.ndjson.gz")?.objects).toBe(1_201);
});

describe("a quarantine is refused", () => {
  const replicas = (name: string) =>
    (store().get(store().ofKind("Deployment"), "web", name)["spec"] as { replicas: number })
      .replicas;

  test("where another namespace has the name by now", async () => {
    store().delete(store().ofKind("Namespace"), "a-uid");
    store().create(store().ofKind("Namespace"), { metadata: { name: "a-uid" } });
    await refused("quarantine", "a-uid", /another namespace has that name by now/);
  });

  test("where a workload changed between the look and the call", async () => {
    when("PATCH", "/apis/apps/v1/namespaces/awake/deployments/web", 1, () =>
      store().update(store().ofKind("Deployment"), "web", "awake", (object) => ({
        ...object,
        spec: { ...(object["spec"] as object), replicas: 3 },
      })),
    );
    await refused("quarantine", "awake", /the object has been modified/);
    expect(replicas("awake")).toBe(3);
  });

  test("where it is protected in the cluster since", async () => {
    annotate("a-mark", { "apportion.io/protect": "true" });
    await refused("quarantine", "a-mark", /apportion\.io\/protect=true protects it/);
  });

  test("where the account may not, before anything sleeps", async () => {
    answers("PATCH", /awake\/deployments/, 403, "cannot patch");
    await refused("quarantine", "awake", /cannot patch.*ClusterRole apportion-deleter/);
    expect(replicas("awake")).toBe(3);
  });

  test("on evidence of a quarter of an hour ago", async () => {
    when("GET", "/api/v1/namespaces/awake/configmaps", 1, () => home.pass(16 / 1_440));
    await refused("quarantine", "awake", /looked at 16 minutes ago/);
  });

  test("half way: what sleeps is on record, and is woken by one command", async () => {
    let real = 0;
    home.cluster.fault = ({ method, path, query }) =>
      method === "PATCH" &&
      path === "/api/v1/namespaces/a-half" &&
      query["dryRun"] !== "All" &&
      ++real === 1
        ? { breaks: true }
        : undefined;
    const ran = await home.run("quarantine", "prod/a-half", "--yes");
    expect(ran.code).not.toBe(0);
    expect(ran.told).toMatch(
      /a part of it may sleep by now: "apportion namespaces quarantine prod\/a-half --undo --yes"/,
    );
    expect([replicas("a-half"), await home.state("a-half")]).toEqual([0, "quarantined"]);
    home.cluster.fault = null;
    expect((await home.run("quarantine", "prod/a-half", "--undo", "--yes")).code).toBe(0);
    expect([replicas("a-half"), await home.state("a-half")]).toEqual([2, "active"]);
  });

  test("where its content is another than was approved", async () => {
    put("Deployment", "a-content", "more", { spec: { replicas: 0 } });
    await refused("quarantine", "a-content", /Deployment more was created on/);
    home.pass(0.01);
    await home.look();
    await refused("quarantine", "a-content", /it is active, not approved/);
  });
});

test("keep, snooze, approve and restore are refused where they say nothing that holds", async () => {
  const said = async (why: RegExp, ...words: string[]) => {
    const [verb = "", name = "", ...rest] = words;
    const ran = await home.run(verb, `prod/${name}`, ...rest);
    expect({ told: ran.told, refused: ran.code !== 0 }).toEqual({
      told: expect.stringMatching(why),
      refused: true,
    });
  };
  await said(/--reason is missing/, "keep", "told");
  await said(/--until is missing/, "snooze", "told", "--reason", "later");
  await said(/"soon" is not/, "snooze", "told", "--reason", "later", "--until", "soon");
  await said(
    /is not in the future/,
    "snooze",
    "told",
    "--reason",
    "later",
    "--until",
    "2026-01-01",
  );
  const far = new Date(home.now.getTime() + 92 * 86_400_000).toISOString().slice(0, 10);
  await said(/more than 90 days away/, "snooze", "told", "--reason", "later", "--until", far);
  await said(/not one of owner, second/, "approve", "told", "--as", "boss");
  await said(/only its owner approves as the owner/, "approve", "told", "--by", "eve@example.org");
  await said(
    /its owner approves as the owner; the second person is somebody else/,
    "approve",
    "told",
    "--as",
    "second",
    "--by",
    "ann@example.org",
  );
  await said(/its owner is told first/, "approve", "busy", "--by", "bob@example.org");
  await said(
    /its name is protected/,
    "approve",
    "kube-system",
    "--as",
    "second",
    "--by",
    "bob@example.org",
  );
  await said(/it is notified, not deleted/, "restore", "told", "--yes");
  await said(/no scan saw the namespace/, "keep", "nowhere", "--reason", "mine");
  await said(/it is deleted/, "keep", "tampered", "--reason", "mine");
});
