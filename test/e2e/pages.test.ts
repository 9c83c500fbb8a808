import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findingId } from "../../analysis/findings/ledger/candidate.ts";
import { readConfig } from "../../api/config.ts";
import type { FindingDetail, Findings } from "../../api/schemas/findings.ts";
import { closeInChild } from "../../api/commands/close-child.ts";
import { type RunningServer, startServer } from "../../api/server.ts";
import { signLink } from "../../api/notify/links.ts";
import { Register } from "../../data/register.ts";
import { homePaths } from "../../data/files.ts";
import { buildUi } from "../../ui/build.ts";
import { clusterHome } from "../cluster-home.ts";
import { demoHome } from "../demo-home.ts";
import { clusterFindings, nodes } from "../findings-cluster.ts";
import type { FindingsHome } from "../findings-home.ts";
import { isWhole } from "../long.ts";
import { describeWith, ROOT } from "../needs.ts";
import { HOSTILE, shown } from "../lifecycle/hostile.ts";
import { NOBODYS, writeLives } from "../lifecycle/lives.ts";
import { LINES, makeBooks, MONTH, RESTATED, run, writeBill } from "../statements/books.ts";

const SHOTS = join(ROOT, "test/.tmp/shots");
const PAGES = {
  overview: "/",
  team: "/team/claims",
  unowned: "/team/__unowned__",
  data: "/data",
  monthsOpen: "/months?month=2026-07",
  monthsNone: "/months?month=2020-01",
  clustersNone: "/clusters",
  why: "/explain?target=team%3Aclaims",
  findings: "/findings",
  backtest: "/backtest",
  missing: "/no/such/page",
} as const;
/** Pages of a home whose bill has clusters in it. */
const CLUSTER_PAGES = {
  clusters: "/clusters",
  cluster: "/clusters?cluster=prod&policy=keep",
  namespace: "/namespace/prod/shop",
  whyNamespace: "/explain?target=namespace%3Aprod%2Fshop&policy=even",
  whyWorkload: "/explain?target=workload%3Aprod%2Fshop%2FStatefulSet%2Fdb",
  noNamespace: "/namespace/prod/nobody",
  namespaces: "/namespaces",
  life: "/namespaces/prod/old-shop",
  lifeHostile: `/namespaces/prod/${encodeURIComponent(NOBODYS)}`,
} as const;
const OVERSIZED = findingId("oversized-container", "prod/shop/Deployment/web/app");
/** Pages of a home whose usage says what is too large and what is idle. */
const FINDING_PAGES = {
  finding: `/findings?finding=${OVERSIZED}`,
  teamFindings: "/team/shop",
} as const;
/** Pages of a company that closed August twice, and was restated once more. */
const BOOKS_PAGES = { months: "/months" } as const;
const LOOKS = [
  { scheme: "light", width: 1440, height: 900 },
  { scheme: "dark", width: 1440, height: 900 },
  { scheme: "light", width: 390, height: 844 },
  { scheme: "dark", width: 390, height: 844 },
] as const;

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

describeWith("Chromium", "pages in real Chromium", (executablePath) => {
  let browser: Browser;
  let server: RunningServer;
  let clusters: RunningServer;
  let books: RunningServer;
  let clusterFolder = "";
  let clusterRegister = "";
  let findings: RunningServer;
  let findingsHome: FindingsHome;
  let booksFolder = "";
  let axe: string;
  beforeAll(async () => {
    const { dir } = await buildUi();
    const serve = (config: string) => {
      const { home, sources, build } = readConfig(config);
      return startServer({
        paths: homePaths(home),
        sources,
        currency: build.currency,
        host: "127.0.0.1",
        port: 0,
        pages: dir,
        now: () => new Date("2026-09-20T12:00:00Z"),
        close: closeInChild(config),
        log: "silent",
      });
    };
    server = await serve((await demoHome()).config);
    const made = await clusterHome();
    clusterFolder = made.folder;
    clusterRegister = homePaths(made.home).register;
    writeLives(clusterRegister);
    clusters = await serve(made.config);
    booksFolder = await mkdtemp(join(tmpdir(), "apportion-books-"));
    await makeBooks(booksFolder, "checks: { settledAfterDays: 0 }\n");
    for (const lines of [LINES, RESTATED]) {
      await writeBill(booksFolder, lines);
      await run(booksFolder, "run");
      await run(booksFolder, "close", "--month", MONTH);
    }
    await writeBill(booksFolder, RESTATED.slice(1));
    await run(booksFolder, "run");
    books = await serve(join(booksFolder, "apportion.yaml"));
    findingsHome = await clusterFindings();
    await findingsHome.bill(nodes(1));
    findings = await serve(findingsHome.config);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await mkdir(SHOTS, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await clusters?.close();
    await books?.close();
    await findings?.close();
    await findingsHome?.remove();
    if (booksFolder !== "") await rm(booksFolder, { recursive: true, force: true });
    if (clusterFolder !== "") await rm(clusterFolder, { recursive: true, force: true });
  });

  /** One visitor for each look: scripts are fetched and compiled once, as for a person who stays. */
  const visitors = new Map<(typeof LOOKS)[number], Promise<BrowserContext>>();
  function visitor(look: (typeof LOOKS)[number]): Promise<BrowserContext> {
    const known = visitors.get(look);
    if (known !== undefined) return known;
    const made = browser.newContext({
      viewport: { width: look.width, height: look.height },
      colorScheme: look.scheme,
      reducedMotion: "reduce",
      locale: "en-GB",
    });
    visitors.set(look, made);
    return made;
  }

  /** Opens a page and collects everything it complains about. */
  async function open(
    path: string,
    look: (typeof LOOKS)[number],
    from: RunningServer = server,
  ): Promise<{ page: Page; faults: string[] }> {
    const page = await (await visitor(look)).newPage();
    const faults: string[] = [];
    page.on("console", (message) => {
      // The page of a 404 is itself a 404, and the browser says so.
      if (message.type() === "error" && !/status of 404/.test(message.text()))
        faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(from.address) && !request.url().startsWith("data:"))
        faults.push(`another host: ${request.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
    });
    await page.goto(from.address + path, { waitUntil: "networkidle" });
    // Charts draw when their own chunk is there; a page without them is not the page.
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".chart")].every(
        (chart) => chart.querySelector("svg") !== null,
      ),
    );
    return { page, faults };
  }

  const all = [
    ...Object.entries(PAGES).map((page) => [...page, () => server] as const),
    ...Object.entries(CLUSTER_PAGES).map((page) => [...page, () => clusters] as const),
    ...Object.entries(BOOKS_PAGES).map((page) => [...page, () => books] as const),
    ...Object.entries(FINDING_PAGES).map((page) => [...page, () => findings] as const),
  ];
  for (const [name, path, from] of all)
    for (const look of isWhole(process.env) ? LOOKS : [LOOKS[0], LOOKS[3]])
      it(`${name}, ${look.scheme}, ${look.width} px: no CSP violation, no console error, nothing for axe`, async () => {
        const { page, faults } = await open(path, look, from());
        try {
          await page.screenshot({
            path: join(SHOTS, `${name}-${look.scheme}-${look.width}.png`),
            fullPage: true,
          });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect(wide, "the page scrolls sideways").toBeLessThanOrEqual(look.width);
          const over = await page.evaluate(() =>
            [...document.querySelectorAll("td, th")]
              .filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
              .map((cell) => `${cell.className}: ${cell.textContent.slice(0, 60)}`),
          );
          expect(over, "cells that run into the next").toEqual([]);
          // Through the debugger, which a page's policy does not bind.
          await page.evaluate(axe);
          const violations = await page.evaluate(async () => {
            const run = (
              globalThis as unknown as { axe: { run(): Promise<{ violations: unknown[] }> } }
            ).axe;
            return (await run.run()).violations;
          });
          expect(
            (violations as Violation[]).map(
              (one) =>
                `${one.impact} ${one.id}: ${one.nodes
                  .map((node) => node.html)
                  .join(" ")
                  .slice(0, 300)}`,
            ),
          ).toEqual([]);
          expect(faults).toEqual([]);
        } finally {
          await page.close();
        }
      });

  it("a mail's link to keep a namespace opens, and a click keeps it; a changed one says why not", async () => {
    const register = new Register(clusterRegister);
    const token = signLink(register, {
      cluster: "prod",
      name: "old-shop",
      uid: "u-1",
      action: "keep",
      by: "p_ann",
      expires: "2026-10-01T00:00:00.000Z",
    });
    register.close();
    const { page, faults } = await open(`/respond?token=${token}`, LOOKS[0], clusters);
    expect(await page.textContent("h1")).toBe("Keep prod/old-shop?");
    await page.screenshot({ path: join(SHOTS, "respond.png") });
    await page.click("button");
    await page.waitForLoadState("networkidle");
    expect(await page.textContent("h1")).toBe("prod/old-shop is kept");
    expect(faults).toEqual([]);
    const answer = await page.goto(`${clusters.address}/respond?token=x${token}`);
    expect(answer?.status()).toBe(403);
    expect(await page.textContent("h1")).toBe("Nothing was changed");
    await page.goto(`${clusters.address}/namespaces/prod/old-shop`, { waitUntil: "networkidle" });
    expect(await page.textContent(".badge")).toBe("kept");
    await page.close();
  });

  it("paints numbers first, without asking the API", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/api/")) asked.push(request.url());
    });
    await page.goto(`${server.address}/`, { waitUntil: "domcontentloaded" });
    await page.waitForFunction(() => document.querySelector("h1") !== null);
    const text = await page.evaluate(() => document.body.innerText);
    expect(text).toMatch(/62,129/);
    await page.waitForLoadState("networkidle");
    expect(asked).toEqual([]);
    await context.close();
  });

  it("goes to a team and back by keyboard, with the state in the address", async () => {
    const { page, faults } = await open("/", LOOKS[0]);
    const link = page.getByRole("link", { name: "Claims", exact: true }).first();
    await link.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/team/claims*");
    await page.waitForFunction(() => /4,496|4,497/.test(document.body.innerText));
    await page.goBack();
    await page.waitForFunction(() => /62,129/.test(document.body.innerText));
    expect(faults).toEqual([]);
    await page.close();
  });

  it("goes from a cluster to a namespace to why, and switches what is passed on", async () => {
    const { page, faults } = await open("/clusters", LOOKS[0], clusters);
    const shows = (pattern: RegExp) =>
      page.waitForFunction(
        (text) => new RegExp(text).test(document.body.innerText),
        pattern.source,
      );
    await shows(/76\.47/);
    await page.getByRole("link", { name: "prod", exact: true }).first().click();
    await page.waitForURL("**/clusters?cluster=prod");
    // As configured, idle is on the namespaces; kept apart it stands by itself.
    expect(await page.evaluate(() => document.body.innerText)).not.toMatch(/Idle capacity/);
    await page.getByLabel("Redistribution").selectOption("keep");
    await page.waitForURL("**policy=keep**");
    await shows(/Idle capacity/);
    await page.getByRole("link", { name: "shop", exact: true }).first().click();
    await page.waitForURL("**/namespace/prod/shop?policy=keep");
    await shows(/StatefulSet\/db/);
    await page.getByRole("link", { name: "Why?" }).click();
    await page.waitForURL("**/explain?policy=keep&target=namespace%3Aprod%2Fshop");
    await shows(/rule 2: cluster prod/);
    await page.goBack();
    await shows(/Requested, used, paid/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("closes a restated month from its page, and the page says so at once", async () => {
    const { page, faults } = await open("/months", LOOKS[0], books);
    const shows = (text: string) =>
      page.waitForFunction((wanted) => document.body.innerText.includes(wanted), text, {
        timeout: 50_000,
      });
    await shows("Closed as no. 2, and restated since");
    await page.getByRole("button", { name: "Close as no. 3" }).click();
    await shows("Booked as statement no. 3");
    await shows("What no. 3 changes against no. 2");
    expect(faults).toEqual([]);
    await page.close();
  });

  it("opens a finding to its evidence, its rules in words and its patch, from the team it is of", async () => {
    const { page, faults } = await open("/team/shop", LOOKS[0], findings);
    try {
      const answer = await fetch(`${findings.address}/api/v1/findings?team=shop`);
      const { data, sums } = (await answer.json()) as Findings;
      const panel = page.locator("section", { hasText: "What can be saved" }).last();
      const count = sums.reduce((all, one) => all + one.findings, 0);
      expect(await panel.textContent()).toContain(`on paper, in ${count} findings.`);
      expect(data.some(({ id }) => id === OVERSIZED)).toBe(true);
      await panel.getByRole("link", { name: "web: app" }).click();
      await page.locator(".finding-chart svg.marks").waitFor();
      const shown = await page.locator(".finding").textContent();
      const detail = await fetch(`${findings.address}/api/v1/findings/${OVERSIZED}`);
      const { why, patch } = ((await detail.json()) as FindingDetail).data;
      expect(why.length).toBeGreaterThan(2);
      for (const { code, meaning } of why) expect(shown).toContain(`${code}${meaning}`);
      expect(shown).toContain(patch?.strategic);
      expect(faults).toEqual([]);
    } finally {
      await page.close();
    }
  });

  it("shows hostile names of namespaces, and evidence of them, as text at either width", async () => {
    for (const look of [LOOKS[0], LOOKS[2]])
      for (const path of [
        "/namespaces",
        ...Object.values(HOSTILE).map((name) => `/namespaces/prod/${encodeURIComponent(name)}`),
      ]) {
        const { page, faults } = await open(path, look, clusters);
        const found = await page.evaluate(() => ({
          made: document.querySelectorAll("img[src=x], main script, main b").length,
          wide: document.documentElement.scrollWidth,
          text: document.body.innerText,
        }));
        expect({ path, made: found.made, faults }).toEqual({ path, made: 0, faults: [] });
        expect(found.wide, path).toBeLessThanOrEqual(look.width);
        expect(found.text).not.toContain("\u202e");
        if (path === "/namespaces")
          for (const name of Object.values(HOSTILE)) expect(found.text).toContain(shown(name));
        await page.close();
      }
  });

  it("has every page of the navigation in sight at 390 px", async () => {
    const { page } = await open("/data", LOOKS[2]);
    const links = await page.evaluate(() =>
      [...document.querySelectorAll("nav[aria-label=Pages] a")].map((one) => {
        const { left, right, bottom } = one.getBoundingClientRect();
        return { left, right, bottom, text: one.textContent };
      }),
    );
    expect(links.map(({ text }) => text?.trim())).toContain("Data");
    for (const { left, right, bottom } of links) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(390);
      expect(bottom).toBeLessThanOrEqual(844);
    }
    await page.close();
  });

  it("is escaped: names that would be markup are text", async () => {
    const { page, faults } = await open("/team/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", LOOKS[0]);
    expect(await page.evaluate(() => document.querySelectorAll("img[src=x]").length)).toBe(0);
    expect(faults.filter((fault) => !/status of 4/.test(fault))).toEqual([]);
    await page.close();
  });
});
