import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../api/config.ts";
import { parseOwners } from "../../analysis/ownership.ts";
import { parseYaml } from "../../data/config.ts";
import type { AppError } from "../../data/errors.ts";
import { cli, withFolder } from "../home.ts";

/** Rows 46 and 47 of the attack table: a bad configuration is refused at start, with its place. */
async function refusal(yaml: string | Buffer, file = "apportion.yaml"): Promise<AppError> {
  return withFolder(async (folder) => {
    await writeFile(join(folder, "apportion.yaml"), "owners: ./owners.yaml\n");
    await writeFile(join(folder, file), yaml);
    try {
      readConfig(join(folder, "apportion.yaml"));
    } catch (error) {
      (error as AppError).message = (error as AppError).message.replaceAll(`${folder}/`, "");
      return error as AppError;
    }
    throw new Error("nothing was refused");
  });
}

const source = (more: string) =>
  `sources:\n  - { type: azure-exports, name: billing, location: { ${more} } }\n`;
const blob = (auth: string) =>
  source(`account: "https://acct.blob.core.windows.net", container: exports, auth: { ${auth} }`);

const BAD: Readonly<Record<string, readonly [yaml: string, code: string, words: string[]]>> = {
  "anchors that multiply": [
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
    "CONFIG_INVALID",
    ["apportion.yaml:2:8", "alias"],
  ],
  "code in a tag": [
    'home: !!js/function "function(){}"\n',
    "CONFIG_INVALID",
    ["apportion.yaml:1:7", "js/function"],
  ],
  "nesting without end": ["[".repeat(50_000), "CONFIG_INVALID", ["apportion.yaml"]],
  "a syntax error": ["home: ./x\nchecks: { a: [\n", "CONFIG_INVALID", ["apportion.yaml:3:1"]],
  "two documents": ["home: a\n---\nhome: b\n", "CONFIG_INVALID", ["apportion.yaml:"]],
  "a cluster named twice": [
    `clusters:\n  - { name: a, resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/a" }\n  - { name: A, resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/b" }\n`,
    "CONFIG_INVALID",
    ["apportion.yaml:3:", '"A"', "apportion.yaml:2:"],
  ],
  "a cluster that is no cluster": [
    'clusters: [{ name: a, resourceId: "prod" }]\n',
    "CONFIG_INVALID",
    ["apportion.yaml:1:", '"prod"', "managedClusters/NAME"],
  ],
  "idle cost for a team nobody knows": [
    "allocation: { idle: { team: nobody } }\n",
    "CONFIG_INVALID",
    ["apportion.yaml:1:", '"nobody"'],
  ],
  "a policy nobody knows": [
    "allocation: { idle: sometimes }\n",
    "CONFIG_INVALID",
    ["apportion.yaml:1:", '"sometimes"', "proportional"],
  ],
  "a list": ["- home\n", "CONFIG_INVALID", ["apportion.yaml:1:1", "the file is"]],
  "a word": ["home\n", "CONFIG_INVALID", ["apportion.yaml:1:1", "the file is"]],
  "a key twice": ["home: a\nhome: b\n", "CONFIG_INVALID", ["apportion.yaml:2:1", "unique"]],
  "an unknown key": [
    "home: a\ncurency: EUR\n",
    "CONFIG_INVALID",
    ['apportion.yaml:2:1: unknown key "curency" - did you mean "currency"?'],
  ],
  "an unknown key inside": [
    "checks:\n  settledAfterDay: 5\n",
    "CONFIG_INVALID",
    ['apportion.yaml:2:3: unknown key "settledAfterDay" - did you mean "settledAfterDays"?'],
  ],
  "a key that is a prototype": [
    "home: a\n__proto__: { currency: USD }\n",
    "CONFIG_INVALID",
    ['apportion.yaml:2:1: unknown key "__proto__"'],
  ],
  "a wrong type": [
    "retention:\n  lists: many\n",
    "CONFIG_INVALID",
    ["apportion.yaml:2:10", "retention.lists", '"many"'],
  ],
  "a wrong value": ["currency: euro\n", "CONFIG_INVALID", ["apportion.yaml:1:11", '"euro"', "EUR"]],
  "a fraction of a day": [
    "checks: { settledAfterDays: 1.5 }\n",
    "CONFIG_INVALID",
    ["apportion.yaml:1:29", "settledAfterDays", "1.5"],
  ],
  "an amount as a number": [
    "checks: { quarantineTolerance: { amount: 1.5 } }\n",
    "CONFIG_INVALID",
    ["apportion.yaml:1:42", "amount as text"],
  ],
  "an unknown source": [
    "sources:\n  - { type: azure-export, name: x }\n",
    "CONFIG_INVALID",
    ["apportion.yaml:2:13", 'did you mean "azure-exports"?'],
  ],
  "two sources of one name": [
    `${source("directory: a")}  - { type: azure-exports, name: billing, location: { directory: b } }\n`,
    "CONFIG_INVALID",
    ['apportion.yaml:3:34: a second source is called "billing"', "apportion.yaml:2:"],
  ],
  "a connection string": [
    blob(
      'type: connectionString, value: "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=S3cr3tS3cr3t=="',
    ),
    "CONFIG_SECRET",
    ["apportion.yaml:2:", "value", "${env:NAME}"],
  ],
  "a SAS": [
    blob('type: sas, value: "?sv=2024-01-01&sig=S3cr3tS3cr3t%3D"'),
    "CONFIG_SECRET",
    ["apportion.yaml:2:", "value", "${env:NAME}"],
  ],
  "a secret that is no text": [
    blob("type: sas, value: [S3cr3t, S3cr3t]"),
    "CONFIG_INVALID",
    ["apportion.yaml:2:", "value"],
  ],
  "a secret in the wrong place": [
    source(
      'account: "https://acct.blob.core.windows.net/?sv=1&sig=S3cr3tS3cr3t", container: exports, auth: { type: azure }',
    ),
    "CONFIG_INVALID",
    ["apportion.yaml:2:", "account"],
  ],
  "a password in an address": [
    source(
      'account: "https://user:S3cr3t@acct.blob.core.windows.net", container: exports, auth: { type: azure }',
    ),
    "CONFIG_INVALID",
    ["apportion.yaml:2:", "account"],
  ],
  "a secret as the whole auth": [
    source(
      'account: "https://acct.blob.core.windows.net", container: exports, auth: "AccountKey=S3cr3tS3cr3t=="',
    ),
    "CONFIG_INVALID",
    ["apportion.yaml:2:", "auth"],
  ],
  "the environment where no secret is": [
    "home: ${env:HOME}/x\n",
    "CONFIG_INVALID",
    ["apportion.yaml:1:7", "home", "${env:HOME}/x"],
  ],
  "a file where no secret is": [
    source('directory: "${file:/etc/passwd}"'),
    "CONFIG_INVALID",
    ["apportion.yaml:2:", "directory"],
  ],
  "bytes that are no text": [
    "home: a\u0000b\n",
    "CONFIG_INVALID",
    ["apportion.yaml:1:8", "\\u{0}"],
  ],
};

describe("a bad apportion.yaml", () => {
  for (const [name, [yaml, code, words]] of Object.entries(BAD))
    it(name, async () => {
      const error = await refusal(yaml);
      expect({ code: error.code, exit: error.exit }).toEqual({ code, exit: 2 });
      for (const word of words) expect(error.message).toContain(word);
      expect(error.message).not.toContain("S3cr3t");
    });

  it("a file of 5 MB", async () => {
    const error = await refusal(`home: ${"x".repeat(5 << 20)}\n`);
    expect(error.message).toMatch(/^apportion\.yaml: larger than \d+ bytes/);
  });
  it("a file that is not UTF-8", async () => {
    const error = await refusal(Buffer.from("home: caf\u00e9\n", "latin1"));
    expect(error.message).toBe("apportion.yaml: is not UTF-8 text; save it as UTF-8");
  });
  it("a prototype in it pollutes nothing", () => {
    const { value } = parseYaml("x.yaml", "__proto__: { polluted: yes }\n");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
  });
  it("every fault is told at once, each with its place", async () => {
    const error = await refusal("hoome: a\nretention: { lists: 0 }\ncurrency: 7\n");
    expect(error.message.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "apportion.yaml:1:1:",
      "apportion.yaml:3:11:",
      "apportion.yaml:2:21:",
    ]);
  });
});

const team = "teams:\n  - { id: claims }\n";
const BAD_OWNERS: Readonly<Record<string, readonly [yaml: string, words: string[]]>> = {
  "a rule of an unknown team": [
    `${team}rules:\n  - { team: clams, match: { tag: { a: b } } }\n`,
    ["owners.yaml:4:7", 'no team has the id "clams"', 'did you mean "claims"?'],
  ],
  "a day that does not exist": [
    `${team}rules:\n  - { team: claims, from: 2026-02-30, match: { tag: { a: b } } }\n`,
    ["owners.yaml:4:21", '"2026-02-30"', "YYYY-MM-DD"],
  ],
  "a day written otherwise": [
    `${team}rules:\n  - { team: claims, from: 1.2.2026, match: { tag: { a: b } } }\n`,
    ["owners.yaml:4:27", '"1.2.2026"', "YYYY-MM-DD"],
  ],
  "a year without end": [
    `${team}rules:\n  - { team: claims, until: 99999-12-31, match: { tag: { a: b } } }\n`,
    ["owners.yaml:4:28", '"99999-12-31"'],
  ],
  "a rule that ends before it begins": [
    `${team}rules:\n  - { team: claims, from: 2026-02-01, until: 2026-01-01, match: { tag: { a: b } } }\n`,
    ["owners.yaml:4:39", "until 2026-01-01 is not after from 2026-02-01"],
  ],
  "a team twice": [
    `${team}  - { id: CLAIMS }\n`,
    ["owners.yaml:3:11", '"CLAIMS" is defined a second time', "owners.yaml:2:11"],
  ],
  "a team called as a bucket": ["teams:\n  - { id: __unowned__ }\n", ["owners.yaml:2:11"]],
  "a team whose name is markup": [
    "teams:\n  - { id: '<img src=x onerror=alert(1)>' }\n",
    ["owners.yaml:2:11", "letters, digits"],
  ],
  "a rule that matches everything": [
    `${team}rules:\n  - { team: claims, match: {} }\n`,
    ["owners.yaml:4:28", "at least one key"],
  ],
  "an unknown kind of match": [
    `${team}rules:\n  - { team: claims, match: { tags: { a: b } } }\n`,
    ['owners.yaml:4:30: unknown key "tags" - did you mean "tag"?'],
  ],
  "history on a day that does not exist": [
    "teams:\n  - { id: claims, history: [{ until: 2026-13-01 }] }\n",
    ["owners.yaml:2:38", '"2026-13-01"'],
  ],
};

describe("a bad owners.yaml", () => {
  for (const [name, [yaml, words]] of Object.entries(BAD_OWNERS))
    it(name, async () => {
      const error = await refusal(yaml, "owners.yaml");
      expect(error.exit).toBe(2);
      for (const word of words) expect(error.message).toContain(word);
    });
  it("a pattern is a glob and nothing else", () => {
    const { rules } = parseOwners(
      parseYaml(
        "o.yaml",
        `${team}rules:\n  - { team: claims, match: { resourceGroup: 'a%_\\*?(x+)+$' } }\n`,
      ),
    );
    expect(rules[0]?.conditions[0]?.patterns).toEqual(["a\\%\\_\\\\%_(x+)+$"]);
  });
});

describe("the command line", () => {
  it("says it in one line and ends with 2", async () => {
    await withFolder(async (folder) => {
      const config = join(folder, "apportion.yaml");
      await writeFile(config, "curency: EUR\n");
      const done = await cli(["ingest", "--config", config]);
      expect(done.code).toBe(2);
      expect(done.err).toBe(
        `apportion: ${config}:1:1: unknown key "curency" - did you mean "currency"?\n`,
      );
    });
  });
  for (const host of ["0.0.0.0", "::", "192.0.2.1"])
    it(`serves nothing on ${host} without sign-in`, async () => {
      await withFolder(async (folder) => {
        const config = join(folder, "apportion.yaml");
        await writeFile(config, `server: { host: "${host}", port: 0 }\n`);
        const done = await cli(["serve", "--config", config]);
        expect(done.code).toBe(2);
        expect(done.err).toContain(host);
        expect(done.err).toContain("loopback");
        expect(done.out).toBe("");
      });
    });
});
