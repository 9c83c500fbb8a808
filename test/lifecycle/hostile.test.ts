import { parse } from "csv-parse/sync";
import { simpleParser } from "mailparser";
import { expect, test } from "vitest";
import { HOSTILE, shown } from "./hostile.ts";
import { LifeHome } from "./home.ts";
import { serve, toConfirmed } from "./road.ts";
import { smtp } from "./smtp.ts";

/**
 * Hostile names, labels and annotations of namespaces and of what stands in them, from the API server to
 * the terminal, the CSV, the API and a real mailbox. In the pages: test/e2e/pages.test.ts.
 */

const NAMES = Object.values(HOSTILE);

test("is text on the command line, in CSV, over the API and in mail", async () => {
  const { mails, notify } = await smtp();
  const home = await LifeHome.make(notify("https://apportion.example.org"), NAMES);
  const { store } = home.cluster;
  for (const [index, name] of NAMES.entries()) {
    const other = NAMES[(index + 1) % NAMES.length] ?? "";
    store.update(store.ofKind("Namespace"), name, "", (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { [other]: other, "app.kubernetes.io/owner": `${other}@example.org` },
        annotations: {
          owner: "ann@example.org",
          "owner-email": `${other}@example.org`,
          note: other.repeat(50),
        },
      },
    }));
    store.create(store.ofKind("RoleBinding"), {
      metadata: { name: other, namespace: name },
      roleRef: { kind: "ClusterRole", name: "admin" },
      subjects: [{ kind: "User", name: `${other}@example.org` }],
    });
    store.create(store.ofKind("Deployment"), {
      metadata: { name: other, namespace: name, annotations: { [other]: other } },
      spec: { replicas: 0, template: { spec: { containers: [] } } },
    });
  }
  await toConfirmed(home);
  const names = NAMES.map((name) => `prod/${shown(name)}`);

  const list = await home.run("list");
  expect(list.out).not.toMatch(/\r|\u202e/);
  for (const name of names)
    expect(list.out.split("\n").filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
  // A row each, whatever stands in them.
  expect(list.out.trimEnd().split("\n")).toHaveLength(1 + 6 + NAMES.length);

  const csv = await home.run("list", "--format", "csv");
  expect(csv.out).not.toContain("\u202e");
  const rows: Record<string, string>[] = parse(csv.out, { columns: true });
  expect(rows).toHaveLength(6 + NAMES.length);
  for (const cell of rows.flatMap((row) => Object.values(row)))
    expect(cell).not.toMatch(/^[=+@\t\r]/);
  expect(rows.map((row) => row["NAMESPACE"])).toEqual(expect.arrayContaining(names));
  expect(csv.out.split("\r\n")).toHaveLength(1 + 6 + NAMES.length + 1);

  for (const name of NAMES) {
    const one = await home.run("show", `prod/${name}`);
    expect(one.out).toContain(`prod/${shown(name)}`);
    expect(one.out).not.toMatch(/\r|\u202e/);
  }

  const server = await serve(home);
  for (const name of NAMES) {
    const answer = await fetch(`${server}/api/v1/namespaces/prod/${encodeURIComponent(name)}`);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    const { data } = (await answer.json()) as { data: { name: string; state: string } };
    expect(data).toMatchObject({ name, state: "confirmed" });
  }

  const sent = await home.run("notify", "--yes");
  expect(sent.code).toBe(0);
  expect(sent.out).not.toMatch(/\r|\u202e/);
  const read = await Promise.all(mails.map((mail) => simpleParser(mail)));
  for (const name of NAMES) {
    const mine = read.filter(({ text = "" }) =>
      text.replaceAll("\n", "").includes(`prod/${shown(name)} shows`),
    );
    expect({ name, mails: mine.length }).toEqual({ name, mails: 1 });
    const [mail] = mine;
    expect(mail?.to).toMatchObject({ value: [{ address: "ann@example.org" }] });
    expect(mail?.bcc).toBeUndefined();
    expect(mail?.headerLines.map(({ key }) => key)).not.toContain("bcc");
    expect(`${mail?.subject}${mail?.text}${String(mail?.html)}`).not.toContain("\u202e");
    expect(mail?.html).not.toMatch(/<(?:img|script|b)\b/);
  }
}, 120_000);
