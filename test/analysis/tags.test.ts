import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exported, records, takeBill } from "../bill-with.ts";

/**
 * Rows 13 to 16 of the attack table, through a whole build: each text is the tags of one line, and the
 * team is who must own it. A broken text owns nothing and stops nothing.
 */
const NOBODY = "__unowned__";
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const many = (keys: number) =>
  Array.from({ length: keys }, (_, index) => `"k${index}":"v"`).join(",");

const TAGS: Readonly<Record<string, readonly [tags: string, team: string]>> = {
  plain: ['{"team":"alpha"}', "alpha"],
  "EA writes no braces": ['"team": "alpha","other": "x"', "alpha"],
  none: ["", NOBODY],
  "13 __proto__": ['{"__proto__":{"admin":true},"team":"alpha"}', "alpha"],
  "13 __proto__ as a key": ['{"__proto__":"proto"}', "proto"],
  "13 constructor": ['{"constructor":{"prototype":{"team":"beta"}}}', NOBODY],
  "14 the first of two wins": ['{"team":"alpha","team":"beta"}', "alpha"],
  "14 the first of two wins, other order": ['{"team":"beta","team":"alpha"}', "beta"],
  "14 also where only case differs": ['{"Team":"beta","team":"alpha"}', "beta"],
  "14 also without braces": ['"TEAM": "alpha","team": "beta"', "alpha"],
  "15 depth 20,000 beside a tag": [`{"deep":${deep(20_000)},"team":"alpha"}`, "alpha"],
  "15 depth 100,000": [`{"team":"alpha","deep":${deep(100_000)}}`, NOBODY],
  "15 depth 100,000, never closed": [`{"team":"alpha","deep":${"[".repeat(100_000)}`, NOBODY],
  "15 objects 10,000 deep": [`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, NOBODY],
  "15 1 MB": [`{"team":"alpha","x":"${"x".repeat(1_000_000)}"}`, NOBODY],
  "15 500 keys": [`{${many(500)},"team":"alpha"}`, "alpha"],
  "15 50,000 keys": [`{${many(50_000)},"team":"alpha"}`, NOBODY],
  "15 lone surrogate": ['{"team":"alpha","x":"\\ud800"}', NOBODY],
  "15 NUL, escaped": ['{"x":"a\\u0000b","y\\u0000":"z","team":"alpha"}', "alpha"],
  "16 star": ['{"*":"star"}', "star"],
  "16 star is not all": ['{"anything":"star"}', NOBODY],
  "16 dot": ['{"a.b":"dot"}', "dot"],
  "16 dot is no path": ['{"a":{"b":"dot"}}', NOBODY],
  "16 quote and bracket": ['{"x\\"].y":"bracket"}', "bracket"],
  "16 dollar": ['{"$":"dollar"}', "dollar"],
  "16 dollar is not the whole": ['"dollar"', NOBODY],
  "16 slash": ['{"/":"slash"}', "slash"],
  "16 backslash": ['{"\\\\":"backslash"}', "backslash"],
  "16 index": ['{"a[0]":"index"}', "index"],
  "16 index is no path": ['{"a":["index"]}', NOBODY],
  "16 empty key": ['{"":"nothing","team":"alpha"}', "alpha"],
  "broken JSON": ['{"team":"alpha"', NOBODY],
  "broken JSON, cut in a value": ['{"team":"alpha","x":"y', NOBODY],
  "not an object": ['["alpha"]', NOBODY],
  "a number": ["7", NOBODY],
  null: ["null", NOBODY],
  "two objects": ['{"team":"alpha"}{"team":"beta"}', NOBODY],
  "a value that is null": ['{"team":null}', NOBODY],
  "a value that is an object": ['{"team":{"alpha":1}}', NOBODY],
  "SQL in a value": [`{"team":"'); DROP TABLE line; --"}`, NOBODY],
  "SQL in a key": [`{"x') FROM line; --":"y","team":"alpha"}`, "alpha"],
  "a pattern's signs are literal": ['{"team":"a%"}', NOBODY],
};

const OWNERS = `teams:
${["alpha", "beta", "proto", "star", "dot", "bracket", "dollar", "slash", "backslash", "index"]
  .map((team) => `  - { id: ${team} }\n`)
  .join("")}rules:
  - { team: alpha, match: { tag: { team: alpha } } }
  - { team: beta, match: { tag: { Team: beta } } }
  - { team: proto, match: { tag: { __proto__: proto } } }
  - { team: star, match: { tag: { "*": star } } }
  - { team: dot, match: { tag: { a.b: dot } } }
  - { team: bracket, match: { tag: { 'x"].y': bracket } } }
  - { team: dollar, match: { tag: { $: dollar } } }
  - { team: slash, match: { tag: { /: slash } } }
  - { team: backslash, match: { tag: { '\\': backslash } } }
  - { team: index, match: { tag: { "a[0]": index } } }
`;

describe("tags of a bill", () => {
  let folder: string;
  let rows: Record<string, string>[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "apportion-tags-"));
    const bill = Object.entries(TAGS).map(([name, [tags]], index) => ({
      BilledCost: `${index + 1}.5`,
      ChargeDescription: name,
      Tags: tags,
    }));
    const config = await takeBill(folder, bill, OWNERS);
    rows = records(await exported(config, "lines"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("lose no line", () => expect(rows).toHaveLength(Object.keys(TAGS).length));
  for (const [index, [name, [tags, team]]] of Object.entries(TAGS).entries())
    it(`${name}: ${team === NOBODY ? "owns nothing" : `is ${team}'s`}`, () => {
      const row = rows.find((found) => found["ChargeDescription"] === name);
      expect(row?.["x_Team"]).toBe(team);
      expect(row?.["BilledCost"]).toBe(`${index + 1}.5`);
      expect(row?.["Tags"] === tags).toBe(true);
    });
});
