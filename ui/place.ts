import { signal } from "@preact/signals";
import { initialRequests, type Page, pageOf, type View, viewOf } from "./answers.ts";
import { load } from "./answering.ts";

/** Where the person is: the address is the only state, so back works and a link says everything. */
export interface Place {
  pathname: string;
  search: string;
  page: Page;
  view: View;
}

/** How long a click may wait for its numbers before the page changes to its skeleton. */
const PATIENCE_MS = 100;

/** The current place; changed only by `go` and by the browser's back and forward. */
export const place = signal<Place>(placeAt(location.pathname, location.search));

let latest = 0;

/** The address of the same page, or of `pathname`, with some of the view changed. */
export function hrefOf(changes: Partial<View>, pathname?: string): string {
  const here = place.value;
  const elsewhere = pathname !== undefined && pathname !== here.pathname;
  const { month, cost, currency, policy } = here.view;
  const kept: Partial<View> = elsewhere ? { month, cost, currency, policy } : here.view;
  const view = { ...kept, cursor: null, ...changes };
  const query = new URLSearchParams();
  if (view.month) query.set("month", view.month);
  if (view.cost) query.set("cost", view.cost);
  if (view.currency) query.set("currency", view.currency);
  if (view.policy) query.set("policy", view.policy);
  if (view.by) query.set("by", view.by);
  if (view.cluster) query.set("cluster", view.cluster);
  if (view.target) query.set("target", view.target);
  if (view.sort) query.set("sort", view.sort);
  if (view.search) query.set("q", view.search);
  if (view.all === true) query.set("all", "1");
  for (const name of ["kind", "team", "state", "finding", "cursor"] as const) {
    const value = view[name];
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return `${pathname ?? here.pathname}${text === "" ? "" : `?${text}`}`;
}

/** The path of a team's page; sentinels have one too. */
export function teamPath(team: string): string {
  return `/team/${encodeURIComponent(team)}`;
}

/** The path of a namespace's page. */
export function namespacePath(cluster: string, namespace: string): string {
  return `/namespace/${encodeURIComponent(cluster)}/${encodeURIComponent(namespace)}`;
}

/** The address that says what a figure is made of. */
export function whyHref(target: string): string {
  return hrefOf({ target }, "/explain");
}

/** Goes to an address of ours, waiting a moment for its numbers so that nothing flickers. */
export async function go(href: string, how: "push" | "replace" = "push"): Promise<void> {
  const url = new URL(href, location.href);
  const turn = ++latest;
  await ready(url.pathname, url.search);
  if (turn !== latest) return;
  const moved = url.pathname !== place.value.pathname;
  if (how === "push") {
    history.replaceState({ y: scrollY }, "");
    history.pushState(null, "", url.pathname + url.search + url.hash);
  } else {
    history.replaceState(history.state, "", url.pathname + url.search + url.hash);
  }
  arrive(url, moved ? 0 : null);
}

/** Listens for clicks on our own links and for back and forward. */
export function watchPlace(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => {
    const turn = ++latest;
    const url = new URL(location.href);
    const y = (event.state as { y?: number } | null)?.y ?? 0;
    void ready(url.pathname, url.search).then(() => {
      if (turn === latest) arrive(url, y);
    });
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    if (link === null || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const ours = link.origin === location.origin && pageOf(link.pathname).name !== "missing";
    if (!ours || link.target !== "" || link.hasAttribute("download")) return;
    event.preventDefault();
    void go(link.href);
  });
}

/** Scrolls to the part of the page that the address names, once it is drawn. */
export function showHash(hash: string): void {
  if (hash === "") return;
  requestAnimationFrame(() => {
    const part = document.getElementById(hash.slice(1));
    part?.scrollIntoView();
    if (part?.hasAttribute("tabindex") === true) part.focus({ preventScroll: true });
  });
}

function arrive(url: URL, y: number | null): void {
  const moved = url.pathname !== place.value.pathname;
  place.value = placeAt(url.pathname, url.search);
  requestAnimationFrame(() => {
    if (y !== null) scrollTo(0, y);
    // A new page announces itself: the reader of a screen reader starts at its title.
    if (moved) document.querySelector("h1")?.focus({ preventScroll: true });
    showHash(url.hash);
  });
}

function ready(pathname: string, search: string): Promise<unknown> {
  const answers = Promise.all(initialRequests(pathname, search).map((path) => load(path)));
  return Promise.race([answers, new Promise((done) => setTimeout(done, PATIENCE_MS))]);
}

function placeAt(pathname: string, search: string): Place {
  return { pathname, search, page: pageOf(pathname), view: viewOf(search) };
}
