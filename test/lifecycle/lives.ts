import { Register } from "../../data/register.ts";
import { appendEvent, noteSeen } from "../../data/register/namespaces.ts";
import type { Seen } from "../../analysis/lifecycle/record.ts";
import type { Event } from "../../analysis/lifecycle/life.ts";
import { SIGNALS } from "../../analysis/lifecycle/signals.ts";
import { HOSTILE } from "./hostile.ts";

/** Lives of namespaces in several states, as scans and people would have left them in a register. */

const at = (day: string) => `2026-${day}T08:00:00.000Z`;
const looked = (day: string, verdict: "dormant" | "active" = "dormant"): Event => ({
  type: "scanned",
  at: at(day),
  verdict,
  why: verdict === "dormant" ? "no pod has run for 41 days" : "pods ran today",
  inventoryHash: "a1",
  owners: ["p_ann"],
  gitops: null,
});
const CONFIRMED = [looked("08-01"), looked("08-09"), looked("08-16")];
const NOTIFIED: Event[] = [...CONFIRMED, { type: "delivered", at: at("08-16"), step: 30 }];
const agreed = (as: "owner" | "second", by: string): Event => ({
  type: "approved",
  at: at("08-20"),
  by,
  as,
  inventoryHash: "a1",
});
const APPROVED = [...NOTIFIED, agreed("owner", "p_ann"), agreed("second", "p_bob")];
const QUARANTINED: Event[] = [
  ...APPROVED,
  { type: "quarantined", at: at("09-15"), by: "worker", inventoryHash: "a1", clusterHash: "c1" },
];
/** A name that reorders text and would be markup, of which nobody knows who made it. */
export const NOBODYS = "<b>shop</b>\u202e";

const LIVES: Readonly<Record<string, readonly Event[]>> = {
  shop: [looked("09-19", "active")],
  "old-shop": NOTIFIED,
  "campaign-2024-spring-landing-pages-for-the-northern-region": CONFIRMED,
  lab: APPROVED,
  jobs: QUARANTINED,
  "proof-of-concept": [
    ...NOTIFIED,
    { type: "undelivered", at: at("08-23"), step: 14, problem: "mail.example.org: try later" },
  ],
  books: [
    ...NOTIFIED,
    { type: "kept", at: at("08-18"), by: "p_ann", reason: "yearly closing", until: at("12-31") },
  ],
  [NOBODYS]: CONFIRMED,
  ...Object.fromEntries(Object.values(HOSTILE).map((name) => [name, CONFIRMED])),
};

/** Writes the lives of cluster `prod` to a register. */
export function writeLives(path: string): void {
  const register = new Register(path);
  try {
    let number = 0;
    for (const [name, events] of Object.entries(LIVES)) {
      const key = { cluster: "prod", name, uid: `u-${number++}` };
      const active = name === "shop";
      const hostile = Object.values<string>(HOSTILE).includes(name);
      for (const event of events)
        appendEvent(register, key, event, { name: "scan", role: "system" }, { turned: true });
      const seen: Seen = {
        at: at("09-19"),
        created: at("01-10"),
        labels: {},
        annotations: {},
        hash: "a1",
        assessment: {
          verdict: active ? "active" : "dormant",
          why: active ? "pods ran today" : "no pod has run for 41 days",
          signals: SIGNALS.map((signal) => ({
            signal,
            holds: active ? (signal === "git" ? null : signal === "age") : true,
            evidence: hostile ? name : `what ${signal} said of the last 30 days`,
          })),
          protection: null,
          gitops: name === "lab" ? "Argo CD" : null,
          lastActivity: { at: at(active ? "09-19" : "07-20"), what: "a pod ran" },
          holds: { volumes: 2, loadBalancers: 1, workloads: 3, isEmpty: false },
        },
        creator: {
          person: name === NOBODYS ? null : "ann@example.org",
          team: "shop",
          confidence: name === NOBODYS ? null : "high",
          link: name === NOBODYS ? null : "annotation",
          evidence: name === NOBODYS ? "nothing tells who made it" : "the annotation owner",
          links:
            name === NOBODYS
              ? []
              : [
                  {
                    link: "annotation",
                    person: "ann@example.org",
                    confidence: "high",
                    evidence: "the annotation owner",
                  },
                ],
        },
        team: "shop",
        owners: name === NOBODYS ? [] : ["p_ann"],
        cost:
          name === NOBODYS
            ? null
            : {
                month: "2026-08",
                currency: "EUR",
                amount: `${(9 - number) * 17}.250000000000000000`,
              },
      };
      noteSeen(register, key, seen);
    }
  } finally {
    register.close();
  }
}
