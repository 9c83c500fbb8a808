import { expect, test } from "vitest";
import { LifeHome } from "./home.ts";
import { DELETION, serve, toDue, writes } from "./road.ts";
import { smtp } from "./smtp.ts";

/** What a dry run says is compared, field by field, with what then happens: in its words and in the cluster. */

type Row = Record<string, unknown>;

/** Every object of a namespace in the cluster, the namespace too, as text without what a server counts. */
function standing(home: LifeHome, namespace: string): Map<string, string> {
  const { store } = home.cluster;
  const found = new Map<string, string>();
  for (const resource of store.resources) {
    const { items } = store.list(resource, resource.namespaced ? { namespace } : {}) as {
      items: { metadata: Row & { name: string } }[];
    };
    for (const object of items) {
      if (!resource.namespaced && object.metadata.name !== namespace) continue;
      const { resourceVersion: _counted, ...metadata } = object.metadata;
      found.set(`${resource.kind} ${metadata.name}`, JSON.stringify({ ...object, metadata }));
    }
  }
  return found;
}

/** Objects that are another, new, or gone. */
function changed(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .toSorted();
}

test("what every action says it would do is what it then does", async () => {
  const { mails, notify } = await smtp();
  const home = await LifeHome.make(DELETION + notify("https://apportion.example.org"), ["shop"]);

  /** Both runs of a command; the dry one changes neither the cluster nor the record. */
  const both = async (...words: string[]): Promise<Row[]> => {
    const lists = async () => (await home.run("list", "--format", "json")).out;
    const rows = async () => (await home.run("audit", "--format", "json")).out;
    const before = [await lists(), writes(home).length, mails.length, (await rows()).length];
    const would = await home.run(...words, "--format", "json");
    expect([await lists(), writes(home).length, mails.length, (await rows()).length]).toEqual(
      before,
    );
    const did = await home.run(...words, "--yes", "--format", "json");
    expect({ words, code: would.code }).toEqual({ words, code: did.code });
    const said = (text: string) =>
      (JSON.parse(text) as Row[]).map((row) =>
        // The one word that differs: a message is sent, or would be.
        row["outcome"] === "would be sent" ? { ...row, outcome: "sent" } : row,
      );
    expect(said(would.out)).toEqual(said(did.out));
    expect(would.told.replace("would change", "changed").split("; nothing was done")[0]).toBe(
      did.told.trimEnd(),
    );
    return said(did.out);
  };
  const objects = (rows: readonly Row[]) => rows.map(({ object }) => String(object)).toSorted();

  await home.look();
  home.pass(35);
  for (const [days, to] of [
    [7, "candidate"],
    [8, null],
    [0, "confirmed"],
  ] as const) {
    await home.ingest();
    const turned = await both("scan");
    if (to !== null) expect(turned.map((row) => row["to"])).toContain(to);
    for (const { key, to: state } of turned as { key: { name: string }; to: string }[])
      expect(await home.state(key.name)).toBe(state);
    home.pass(days);
  }
  const told = await both("notify");
  expect(told.map(({ namespace }) => namespace)).toContain("prod/shop");
  expect(mails).toHaveLength(told.length);

  await home.agree("shop");
  let before = standing(home, "shop");
  const asleep = await both("quarantine", "prod/shop");
  expect(objects(asleep)).toEqual(changed(before, standing(home, "shop")));
  before = standing(home, "shop");
  expect(objects(await both("quarantine", "prod/shop", "--undo"))).toEqual(
    changed(before, standing(home, "shop")),
  );
  expect(await home.state("shop")).toBe("active");

  // From the beginning once more, and through the worker.
  home.pass(1);
  for (const days of [7, 8, 0]) {
    await home.look();
    home.pass(days);
  }
  await home.run("notify", "--yes");
  await home.agree("shop");
  const server = await serve(home);
  const ask = async (action: string) =>
    fetch(`${server}/api/v1/namespaces/prod/shop/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
  await ask("quarantine");
  before = standing(home, "shop");
  expect(objects(await both("work"))).toEqual(changed(before, standing(home, "shop")));
  expect(await home.state("shop")).toBe("quarantined");

  await toDue(home);
  before = standing(home, "shop");
  const gone = await both("delete", "prod/shop");
  expect(gone.map(({ change }) => String(change).replace(/ \(uid .*/, ""))).toEqual([
    "backed up: 4 objects",
    "deleted",
  ]);
  expect(changed(before, standing(home, "shop"))).toHaveLength(before.size);
  expect(standing(home, "shop").size).toBe(0);

  const again = await both("restore", "prod/shop");
  expect(objects(again)).toEqual([...standing(home, "shop").keys()].toSorted());
}, 180_000);
