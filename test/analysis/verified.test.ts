import { appendFile, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Verified } from "../../analysis/verified.ts";
import { sha256, sha256File } from "../../data/files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verified-"));
});
afterAll(() => rm(folder, { recursive: true }));

const AT = new Date("2026-09-01T00:00:00Z");

it("hashes files of any size as a whole", async () => {
  for (const bytes of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20]) {
    const path = join(folder, `of-${bytes}`);
    const content = Buffer.alloc(bytes, "apportion ");
    await writeFile(path, content);
    expect(await sha256File(path)).toBe(sha256(content));
  }
});

it("takes a file for what it was found to be only as long as nobody wrote to it", async () => {
  const path = join(folder, "lines.parquet");
  await writeFile(path, "as it was");
  const hash = sha256("as it was");
  const verified = new Verified();
  expect(await verified.verify(path, hash)).toBe("as written");
  expect(await verified.verify(path, hash)).toBe("as written");
  expect(await verified.verify(path, sha256("another"))).toBe("damaged");

  // As long as before, and with the time it had.
  await utimes(path, AT, AT);
  expect(await verified.verify(path, hash)).toBe("as written");
  await writeFile(path, "as it Was");
  await utimes(path, AT, AT);
  expect(await verified.verify(path, hash)).toBe("damaged");

  await writeFile(path, "as it was");
  expect(await verified.verify(path, hash)).toBe("as written");
  await appendFile(path, "!");
  expect(await verified.verify(path, hash)).toBe("damaged");

  await rm(path);
  expect(await verified.verify(path, hash)).toBe("missing");
});
