import { describe, expect, test } from "vitest";
import {
  type CreatorInputs,
  isMachineName,
  linksOf,
  resolveCreator,
} from "../../../analysis/lifecycle/creator.ts";
import { Directory, type DirectoryPerson } from "../../../analysis/lifecycle/directory.ts";

const DAY = "2026-09-01";
const idOf = (identity: string) => `p_${identity.toLowerCase()}`;
const person = (email: string, more: Partial<DirectoryPerson> = {}): DirectoryPerson => ({
  person: idOf(email),
  aliases: [],
  manager: null,
  team: "claims",
  from: null,
  until: null,
  ...more,
});
const PEOPLE = new Directory([
  person("ann@x.org", { aliases: [idOf("11111111-2222-3333-4444-555555555555")] }),
  person("bob@x.org", { manager: idOf("ann@x.org"), until: "2026-05-01" }),
  person("cyd@x.org", { manager: idOf("bob@x.org"), until: "2026-06-01" }),
  person("dan@x.org", { manager: null, until: "2026-06-01", team: "motor" }),
  person("eve@x.org", { manager: idOf("fay@x.org"), until: "2026-06-01" }),
  person("fay@x.org", { manager: idOf("eve@x.org"), until: "2026-06-01", team: "life" }),
  person("gil@x.org", { until: "2026-06-01" }),
  person("gil@x.org", { from: "2026-08-01", team: "motor" }),
]);

const NOTHING: CreatorInputs = {
  name: "old-shop",
  labels: {},
  annotations: {},
  things: [],
  rancherUsers: new Map([
    ["u-abc12", ["azuread_user://x", "11111111-2222-3333-4444-555555555555"]],
  ]),
  projectOwners: new Map([["c-1:p-2", ["ann@x.org"]]]),
  created: null,
  author: null,
  team: null,
};
const who = (inputs: Partial<CreatorInputs>, directory = PEOPLE) =>
  resolveCreator(linksOf({ ...NOTHING, ...inputs }), directory, DAY, idOf, (team) =>
    team === "motor" ? "lead@x.org" : null,
  );
const binding = (name: string, role: string, subjects: { kind: string; name: string }[]) => ({
  kind: "RoleBinding",
  name,
  labels: {},
  annotations: {},
  spec: { role, subjects },
});

describe("each link of the chain", () => {
  test.each<[string, Partial<CreatorInputs>, string, string]>([
    ["annotation", { annotations: { "apportion.io/owner": "Ann@X.org" } }, "annotation", "high"],
    [
      "Rancher's creatorId",
      { annotations: { "field.cattle.io/creatorId": "u-abc12" } },
      "rancher",
      "medium",
    ],
    ["Fleet", { labels: { "fleet.cattle.io/created-by-user-id": "u-abc12" } }, "rancher", "medium"],
    [
      "project owner",
      { annotations: { "field.cattle.io/projectId": "c-1:p-2" } },
      "rancher-project",
      "medium",
    ],
    ["Kyverno", { annotations: { "kyverno.io/created-by": "ann@x.org" } }, "kyverno", "high"],
    [
      "audit log",
      { created: { who: idOf("ann@x.org"), isPerson: true, at: "2026-01-01T00:00:00Z" } },
      "audit-log",
      "high",
    ],
    [
      "role binding",
      { things: [binding("admins", "admin", [{ kind: "User", name: "ann@x.org" }])] },
      "role-binding",
      "medium",
    ],
    ["repository", { author: "ann@x.org" }, "git", "medium"],
    [
      "workloads",
      {
        things: [
          {
            kind: "Deployment",
            name: "web",
            labels: {},
            annotations: { owner: "ann@x.org" },
            spec: {},
          },
        ],
      },
      "workloads",
      "low",
    ],
    [
      "team's contact",
      { team: { id: "claims", contacts: ["ann@x.org"], unitContacts: [] } },
      "team-contact",
      "low",
    ],
    [
      "business unit's",
      { team: { id: "claims", contacts: [], unitContacts: ["ann@x.org"] } },
      "business-unit-contact",
      "low",
    ],
  ])("%s", (_, inputs, link, confidence) => {
    expect(who(inputs)).toMatchObject({
      person: idOf("ann@x.org"),
      link,
      confidence,
      team: "claims",
    });
  });

  test("goes before the ones after it, and one that leads nowhere is passed over", () => {
    const all: Partial<CreatorInputs> = {
      annotations: { owner: "nobody@x.org", "kyverno.io/created-by": "ann@x.org" },
      author: "gil@x.org",
    };
    const found = who(all);
    expect(found).toMatchObject({ link: "kyverno", person: idOf("ann@x.org") });
    expect(found.links.map(({ link }) => link)).toEqual(["annotation", "kyverno", "git"]);
  });
});

test("a controller's service account is never a person", () => {
  for (const name of [
    "system:serviceaccount:argocd:argocd-application-controller",
    "system:node:aks-1",
    "system:masters",
    "admin",
    "github-actions[bot]",
    "team-claims",
  ])
    expect(isMachineName(name)).toBe(true);
  const found = who({
    annotations: {
      "kyverno.io/created-by": "system:serviceaccount:flux-system:kustomize-controller",
    },
    created: { who: "system:serviceaccount:argocd:x", isPerson: false, at: "2026-01-01T00:00:00Z" },
    things: [
      binding("sa", "admin", [
        { kind: "ServiceAccount", name: "default" },
        { kind: "User", name: "system:anonymous" },
      ]),
    ],
  });
  expect(found).toMatchObject({ person: null, confidence: null, links: [] });
});

describe("a leaver", () => {
  const owner = (email: string) => who({ annotations: { owner: email } });

  test("is their manager, at less confidence, over several steps", () => {
    expect(owner("bob@x.org")).toMatchObject({ person: idOf("ann@x.org"), confidence: "medium" });
    expect(owner("cyd@x.org")).toMatchObject({
      person: idOf("ann@x.org"),
      evidence: "its mark owner; left, so their manager; left, so their manager",
    });
  });

  test("without a manager is the lead of their team", () => {
    expect(owner("dan@x.org")).toMatchObject({ person: idOf("lead@x.org"), team: "motor" });
  });

  test("whose managers all left, in a circle too, is nobody unless the team has a lead", () => {
    expect(owner("eve@x.org").person).toBeNull();
  });

  test("who came back is themselves, in their new team", () => {
    expect(owner("gil@x.org")).toMatchObject({
      person: idOf("gil@x.org"),
      team: "motor",
      confidence: "high",
    });
  });
});

test("without a directory an address counts, at low confidence", () => {
  expect(who({ annotations: { owner: "zoe@x.org" } }, new Directory([]))).toMatchObject({
    person: idOf("zoe@x.org"),
    confidence: "low",
  });
  expect(who({ annotations: { owner: "zoe@x.org" } }).person).toBeNull();
});

test("several people with rights make each less sure, those with more rights first", () => {
  const found = who({
    things: [
      binding("a-viewers", "view", [{ kind: "User", name: "gil@x.org" }]),
      binding("z-admins", "admin", [{ kind: "User", name: "ann@x.org" }]),
    ],
  });
  expect(found).toMatchObject({ person: idOf("ann@x.org"), confidence: "low" });
});
