import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FINDING_CHECKS } from "../../../analysis/findings/checks.ts";
import { ABSTENTIONS, CLASSES, REASONS } from "../../../analysis/findings/recommend/codes.ts";
import { ROOT } from "../../needs.ts";

describe("docs/findings.md", () => {
  it("lists every class, abstention, reason and check with its meaning", async () => {
    const path = join(ROOT, "docs/findings.md");
    let text = readFileSync(path, "utf8");
    for (const [name, codes] of Object.entries({
      classes: CLASSES,
      abstentions: ABSTENTIONS,
      reasons: REASONS,
      checks: FINDING_CHECKS,
    })) {
      const rows = Object.entries(codes).map(([code, means]) => `| \`${code}\` | ${means} |\n`);
      text = text.replace(
        new RegExp(`<!-- ${name} -->\n[^]*<!-- /${name} -->`),
        () => `<!-- ${name} -->\n${rows.join("")}<!-- /${name} -->`,
      );
    }
    await expect(text).toMatchFileSnapshot(path);
  });
});
