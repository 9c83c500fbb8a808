import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FOREIGN } from "../api/auth/company.ts";
import { type Running, startRunning } from "../api/auth/running.ts";
import { describeWith, ROOT } from "../needs.ts";

const SHOTS = join(ROOT, "test/.tmp/shots");

describeWith(
  "Chromium",
  "signing in, in real Chromium against a real provider",
  (executablePath) => {
    let browser: Browser;
    let running: Running;
    let axe: string;
    beforeAll(async () => {
      running = await startRunning({ pages: true });
      browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
      axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      await mkdir(SHOTS, { recursive: true });
    });
    afterAll(async () => {
      await browser?.close();
      await running?.close();
    });

    async function newPage(look: { scheme: "light" | "dark"; width: number }) {
      const context = await browser.newContext({
        viewport: { width: look.width, height: 900 },
        colorScheme: look.scheme,
        reducedMotion: "reduce",
        locale: "en-GB",
      });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("console", (message) => {
        // A refusal is an answer with a status, and the browser says so.
        const ours = message.location().url.startsWith(running.address);
        if (ours && message.type() === "error" && !/status of 40[134]/.test(message.text()))
          faults.push(message.text());
      });
      page.on("pageerror", (error) => faults.push(String(error)));
      return { context, page, faults };
    }

    async function signIn(page: Page, person: string) {
      await page.waitForURL(/\/interaction\//);
      await page.fill('input[name="login"]', person);
      await page.fill('input[name="password"]', "any");
      await page.click('button[type="submit"]');
      // The provider asks for consent.
      await page.waitForURL(/\/interaction\//);
      await page.click('button[type="submit"]');
      await page.waitForURL((url) => url.origin === running.address);
      await page.waitForLoadState("networkidle");
    }

    const text = (page: Page) => page.evaluate(() => document.body.innerText);
    async function lookedAt(page: Page, name: string, look: { scheme: string; width: number }) {
      await page.screenshot({
        path: join(SHOTS, `${name}-${look.scheme}-${look.width}.png`),
        fullPage: true,
      });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, `${name} scrolls sideways`).toBeLessThanOrEqual(look.width);
      await page.evaluate(axe);
      const violations = await page.evaluate(async () => {
        const run = (
          globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          }
        ).axe;
        return (await run.run()).violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`);
      });
      expect(violations, name).toEqual([]);
    }

    const LOOKS = [
      { scheme: "light", width: 1440 },
      { scheme: "dark", width: 390 },
    ] as const;

    for (const look of LOOKS)
      it(`${look.scheme}, ${look.width} px: in, to one's own team, refused another's, out, and back shows nothing`, async () => {
        const { context, page, faults } = await newPage(look);
        try {
          await page.goto(`${running.address}/team/shop`);
          await signIn(page, "ann");
          expect(new URL(page.url()).pathname).toBe("/team/shop");
          expect(await page.textContent("h1")).toMatch(/Shop/);
          const figure = await page.textContent(".total");
          expect(figure).toMatch(/\d/);
          await page.click(".who summary");
          expect(await text(page)).toMatch(/ann@example\.com\s+viewer · figures of shop/);
          await lookedAt(page, "who", look);
          await page.click(".who summary");

          // A link that a colleague of another team sent.
          const answer = await page.goto(`${running.address}/team/beta?month=2026-08`);
          expect(answer?.status()).toBe(403);
          await page.waitForLoadState("networkidle");
          const refused = await text(page);
          expect(refused).toMatch(/These figures are another team's/);
          expect(refused).toMatch(/"beta" is not one of your teams \(shop\)/);
          expect(refused).toMatch(/platform team/);
          expect(FOREIGN.filter((word) => refused.includes(word))).toEqual([]);
          await lookedAt(page, "forbidden", look);
          await page.click(
            ".alone a[href='/team/shop?month=2026-08'], .alone a[href='/team/shop']",
          );
          await page.waitForURL(/\/team\/shop/);

          await page.goto(`${running.address}/`);
          await page.waitForLoadState("networkidle");
          expect(await page.textContent("h1")).toMatch(/Your teams/);
          expect(FOREIGN.filter((word) => (refused + page.url()).includes(word))).toEqual([]);
          const overview = await text(page);
          expect(FOREIGN.filter((word) => overview.includes(word))).toEqual([]);
          await page.goto(`${running.address}/data`);
          await page.waitForLoadState("networkidle");
          expect(await text(page)).toMatch(/figures of the whole company/);
          await lookedAt(page, "data-viewer", look);

          await page.click(".who summary");
          await page.click(".who button");
          await page.waitForURL(/\/signed-out$/);
          expect(await text(page)).toMatch(/You are signed out/);
          await lookedAt(page, "signed-out", look);

          // The button that shows what was there a moment ago.
          for (let steps = 0; steps < 3; steps++) {
            await page.goBack({ waitUntil: "commit" }).catch(() => null);
            await page.waitForLoadState("networkidle");
            const shown = await text(page);
            expect(shown).not.toMatch(/Shop|shopfiles|ann@example\.com/);
            expect(shown).not.toContain(figure ?? "");
            expect(await storedAnswers(context, page)).toBe("");
          }
          expect(faults).toEqual([]);
        } finally {
          await context.close();
        }
      });

    it("tells who has no team here what to do, as a page", async () => {
      const look = LOOKS[0];
      const { context, page, faults } = await newPage(look);
      try {
        await page.goto(running.address);
        await signIn(page, "eve");
        expect(await text(page)).toMatch(/You have no team here yet/);
        expect(await text(page)).toMatch(/ask your platform team to add one of them/i);
        await lookedAt(page, "no-team", look);
        expect(faults).toEqual([]);
      } finally {
        await context.close();
      }
    });

    /** What of an answer the page, were it one of ours, would still hold. */
    async function storedAnswers(context: BrowserContext, page: Page): Promise<string> {
      if (!page.url().startsWith(running.address)) return "";
      const cookies = await context.cookies(running.address);
      const session = cookies.filter(({ name }) => name === "__Host-apportion");
      const held = await page.evaluate(
        () => document.getElementById("answers")?.textContent?.includes('"data":[') === true,
      );
      return `${session.map(({ name }) => name).join()}${held ? "answers" : ""}`;
    }
  },
);
