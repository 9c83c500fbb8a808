import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { scheduled, serveUntilStopped } from "../../api/commands/serve.ts";
import { readConfig } from "../../api/config.ts";
import { LifeHome } from "./home.ts";
import { smtp } from "./smtp.ts";

test("a schedule looks at namespaces, tells their owners and carries out, where that is configured", async () => {
  const { notify } = await smtp();
  const all = await LifeHome.make(notify("http://127.0.0.1:1"));
  expect(scheduled(readConfig(all.config)).map((words) => words.join(" "))).toEqual([
    "run",
    "namespaces scan --yes",
    "namespaces notify --yes",
    "namespaces work --yes",
  ]);
  const quiet = await LifeHome.make("");
  expect(scheduled(readConfig(quiet.config)).map(([, verb]) => verb)).not.toContain("notify");
});

test("its children do it: namespaces that nobody scanned by hand are listed", async () => {
  const home = await LifeHome.make("");
  const stop = new AbortController();
  const told: string[] = [];
  const serving = serveUntilStopped(readConfig(home.config), {
    words: [],
    options: {},
    screen: {
      out: () => {},
      tell: (line) => void told.push(line),
      progress: () => {},
      done: () => {},
      isTTY: true,
    },
    signal: stop.signal,
    now: () => home.now,
    host: "127.0.0.1",
    port: 0,
    schedule: "* * * * * *",
  });
  try {
    for (let wait = 0; wait < 400 && (await home.state("busy")) === "not listed"; wait++)
      await setTimeout(200);
    expect({ state: await home.state("busy"), told }).toMatchObject({ state: "active" });
  } finally {
    stop.abort();
    await serving;
  }
}, 120_000);
