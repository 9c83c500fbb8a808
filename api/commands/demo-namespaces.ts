import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "../../analysis/lifecycle/life.ts";
import { recordedAt } from "../../analysis/lifecycle/record.ts";
import { homePaths, writeWhole } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { allSeen, appendEvent } from "../../data/register/namespaces.ts";
import { pseudonym } from "../../data/register/people.ts";
import { email, RECORDED, SCANS, writeInventory } from "../../data/sample/inventory.ts";
import { type Config, configIn, readConfig } from "../config.ts";
import { type Decision, decide } from "../namespaces.ts";
import type { Invocation } from "./commands.ts";
import { ingestAll } from "./ingest.ts";
import { scanNamespaces } from "./namespaces-scan.ts";

/**
 * The sample company's namespaces: its cluster for development as it was listed over two months, the
 * people behind it, and what they said. Everything but their messages' arrival goes the way it goes for
 * anybody: listed, scanned, asked of the rules.
 */

const SOURCES = ["dev-objects", "people"];
const WORKER = { name: "system", role: "worker" };

/** What people did, by the scan it followed. */
const DECISIONS: readonly {
  after: (typeof SCANS)[number];
  name: string;
  by: string;
  said: { action: "keep" | "snooze"; reason: string; until?: string } | "owner" | "second";
}[] = [
  {
    after: "2026-08-16T06:00:00Z",
    name: "underwriting-rules-v1",
    by: "sofia.rossi",
    said: { action: "keep", reason: "the audit of 2024 compares with it" },
  },
  {
    after: "2026-08-16T06:00:00Z",
    name: "kafka-upgrade-test",
    by: "nils.aune",
    said: { action: "snooze", reason: "the upgrade moved to October", until: "2026-10-15" },
  },
  { after: "2026-08-16T06:00:00Z", name: "fraud-graph-trial", by: "li.zhang", said: "owner" },
  { after: "2026-08-16T06:00:00Z", name: "fraud-graph-trial", by: "greta.holm", said: "second" },
  { after: "2026-08-16T06:00:00Z", name: "broker-loadtest", by: "tom.varga", said: "owner" },
  { after: "2026-08-24T06:00:00Z", name: "broker-loadtest", by: "greta.holm", said: "second" },
  {
    after: "2026-08-24T06:00:00Z",
    name: "pricing-hackathon-2025",
    by: "mira.okafor",
    said: "owner",
  },
];

/**
 * Writes, ingests and scans them; the demo's configuration has them from then on.
 * @returns that configuration, and the last scan, which is for after the build: it knows what each costs
 */
export async function demoNamespaces(
  home: string,
  invocation: Invocation,
): Promise<{ config: Config; lastScan: () => Promise<void> }> {
  await writeInventory(home);
  const config = await configured(home);
  const register = new Register(homePaths(config.home).register);
  // Seven scans of the past are one step to whoever watches.
  const quiet = { ...invocation.screen, out: () => {} };
  try {
    // A demo that is made once more has its lives already, and what was decided in it stays.
    if (allSeen(register).length > 0) return { config, lastScan: async () => {} };
    for (const at of SCANS) {
      const now = new Date(at);
      await ingestAll(config, { ...invocation, screen: quiet, now: () => now }, SOURCES);
      // Usage begins with July: before August nothing can be said of thirty days.
      if (at < "2026-08-01" || at === SCANS.at(-1)) continue;
      await scanNamespaces(config, register, now, false);
      if (at === "2026-08-16T06:00:00Z") messages(config, register, "2026-08-16T06:05:00.000Z");
      for (const decision of DECISIONS.filter(({ after }) => after === at))
        decided(config, register, decision);
      if (at === "2026-08-16T06:00:00Z") quarantined(config, register);
    }
  } finally {
    register.close();
  }
  const lastScan = async () => {
    const again = new Register(homePaths(config.home).register);
    try {
      await scanNamespaces(config, again, new Date(SCANS.at(-1) ?? ""), false);
    } finally {
      again.close();
    }
  };
  return { config, lastScan };
}

/** The configuration with the cluster's objects, the people, and deleting with its kill switch on. */
async function configured(home: string): Promise<Config> {
  const file = configIn(home);
  const text = await readFile(file, "utf8");
  const key = join(home, "backup.key");
  // A backup of an earlier run is opened with its key.
  if (!existsSync(key)) await writeWhole(key, `${randomBytes(32).toString("base64")}\n`);
  const sources = `sources:
  - { type: kubernetes, name: dev-objects, cluster: ${RECORDED.cluster}, recorded: ./inventory/${RECORDED.environment} }
  - { type: directory, name: people, file: ./people.csv }
`;
  const namespaces = `namespaces:
  backup: { folder: ./backups, key: "\${file:./backup.key}" }
  # Deleting is configured, and its kill switch is on: this cluster is recorded.
  deletion: { noticeDays: 30, quarantineDays: 7, maxCount: 3, maxPercent: 2, stop: true }
`;
  await writeWhole(file, `${text.replace("sources:\n", sources)}${namespaces}`);
  return readConfig(file);
}

const placeOf = (name: string) => ({ cluster: RECORDED.cluster, name });

/** Messages of T-30 that arrived; one that did not stops its clock. */
function messages(config: Config, register: Register, at: string): void {
  for (const name of [
    "claims-fnol-poc",
    "claims-photo-triage",
    "pricing-hackathon-2025",
    "fraud-graph-trial",
    "broker-loadtest",
    "underwriting-rules-v1",
    "kafka-upgrade-test",
  ]) {
    const one = recordedAt(register, config.lifecycle, placeOf(name));
    if (one?.life.state !== "confirmed") continue;
    const arrives = name !== "claims-photo-triage";
    const event: Event = arrives
      ? { type: "delivered", at, step: 30 }
      : {
          type: "undelivered",
          at,
          step: 30,
          problem: "mail.northwind.example: 451 try later",
        };
    appendEvent(register, one.key, event, WORKER, { to: one.seen.creator.person ?? "" });
  }
}

function decided(
  config: Config,
  register: Register,
  { after, name, by, said }: (typeof DECISIONS)[number],
): void {
  const one = recordedAt(register, config.lifecycle, placeOf(name));
  // A demo of few days has not enough of them to call anything dormant, and nobody was asked.
  if (one === undefined || one.life.state === "active") return;
  const now = new Date(Date.parse(after) + 27 * 3_600_000).toISOString();
  const decision: Decision =
    said === "owner" || said === "second"
      ? { action: "approve", as: said, inventoryHash: one.seen.hash }
      : said.action === "keep"
        ? { action: "keep", reason: said.reason }
        : { action: "snooze", reason: said.reason, until: said.until ?? "" };
  const desk = { register, policy: config.lifecycle, now };
  decide(desk, one, decision, pseudonym(register, email(by)), {
    name: email(by),
    role: said === "second" ? "platform" : "engineer",
  });
}

/** One that a worker has put to sleep, as it would have noted it. */
function quarantined(config: Config, register: Register): void {
  const one = recordedAt(register, config.lifecycle, placeOf("fraud-graph-trial"));
  if (one?.life.state !== "approved") return;
  const event: Event = {
    type: "quarantined",
    at: "2026-08-18T09:10:00.000Z",
    by: "system",
    inventoryHash: one.seen.hash,
    clusterHash: one.seen.hash,
  };
  appendEvent(register, one.key, event, WORKER, { steps: ["Deployment neo4j: replicas 1 to 0"] });
}
