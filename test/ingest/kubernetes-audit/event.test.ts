import { describe, expect, test } from "vitest";
import { creationsOf, isMachine } from "../../../ingest/kubernetes-audit/event.ts";

/** The forms in which an API server's audit log reaches a file. */

const EVENT = {
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  stage: "ResponseComplete",
  verb: "create",
  user: { username: "ann@x.org", groups: ["system:authenticated"] },
  objectRef: { resource: "namespaces", name: "old-shop", apiVersion: "v1" },
  responseStatus: { code: 201 },
  requestReceivedTimestamp: "2026-01-01T10:00:00.123456Z",
};
const CREATED = { namespace: "old-shop", at: "2026-01-01T10:00:00.123Z", username: "ann@x.org" };
const of = (value: object) => creationsOf(JSON.stringify(value));

describe("a creation is read from", () => {
  test.each<[string, object]>([
    ["the API server's own file", EVENT],
    [
      "AKS's diagnostic record, the event as text in properties.log",
      {
        category: "kube-audit-admin",
        operationName: "x",
        properties: { log: JSON.stringify(EVENT), stream: "stdout" },
      },
    ],
    ["an Event Hubs batch of those", { records: [{ properties: { log: JSON.stringify(EVENT) } }] }],
    ["AzureDiagnostics, with its log_s", { Category: "kube-audit", log_s: JSON.stringify(EVENT) }],
    [
      "a row of the table AKSAuditAdmin",
      {
        TimeGenerated: "2026-01-01T10:00:00.123Z",
        Stage: "ResponseComplete",
        Verb: "create",
        User: JSON.stringify({ username: "ann@x.org" }),
        ObjectRef: JSON.stringify({ resource: "namespaces", name: "old-shop" }),
        ResponseStatus: JSON.stringify({ code: 201 }),
      },
    ],
    ["a list of rows", [EVENT]],
  ])("%s", (_, value) => expect(of(value)).toEqual([CREATED]));

  test("a call on somebody's behalf as theirs, and a name that only the answer tells", () => {
    expect(of({ ...EVENT, impersonatedUser: { username: "bob@x.org" } })).toEqual([
      { ...CREATED, username: "bob@x.org" },
    ]);
    expect(
      of({
        ...EVENT,
        objectRef: { resource: "namespaces" },
        responseObject: { metadata: { name: "made" } },
      }),
    ).toEqual([{ ...CREATED, namespace: "made" }]);
  });
});

test.each<[string, object]>([
  ["was refused", { ...EVENT, responseStatus: { code: 409 } }],
  ["is told twice: its beginning", { ...EVENT, stage: "ResponseStarted" }],
  ["is of another kind", { ...EVENT, objectRef: { resource: "pods", name: "x" } }],
  ["is of a part of one", { ...EVENT, objectRef: { ...EVENT.objectRef, subresource: "finalize" } }],
  ["is another verb", { ...EVENT, verb: "patch" }],
  ["has no time", { ...EVENT, requestReceivedTimestamp: "soon" }],
])("a call that %s creates nothing", (_, value) => expect(of(value)).toEqual([]));

test("a line that is no JSON is an error, and controllers are no people", () => {
  expect(() => creationsOf("not json")).toThrow(SyntaxError);
  for (const name of [
    "system:serviceaccount:argocd:argocd",
    "system:node:n1",
    "masterclient",
    "aksService",
  ])
    expect(isMachine(name)).toBe(true);
  expect(isMachine("ann@x.org")).toBe(false);
});
