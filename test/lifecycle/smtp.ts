import { once } from "node:events";
import { type AddressInfo, Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { onTestFinished } from "vitest";

/** How a mail server behaves: takes it, or one of the ways in which it does not. */
export type Mood =
  | "takes"
  | "defers"
  | "refuses"
  | "refuses the message"
  | "drops"
  | "drops in the middle";

/** A real SMTP server whose mood changes; what it took is read back. */
export async function smtp(atEnd: (end: () => Promise<void>) => void = onTestFinished) {
  const mails: string[] = [];
  const mood: { is: Mood } = { is: "takes" };
  const answer = (code: number, text: string) =>
    Object.assign(new Error(text), { responseCode: code });
  /** Breaks a connection without a word. */
  const hangUp = (id: string) => {
    for (const connection of server.connections)
      if ((connection as unknown as { id: string }).id === id)
        for (const part of Object.values(connection)) if (part instanceof Socket) part.destroy();
  };
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    onMailFrom(_address, session, done) {
      if (mood.is !== "drops") return done();
      hangUp(session.id);
    },
    onRcptTo: (_address, _session, done) =>
      done(
        mood.is === "defers"
          ? answer(451, "try later")
          : mood.is === "refuses"
            ? answer(550, "no such user")
            : null,
      ),
    onData(stream, session, done) {
      let text = "";
      stream.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      stream.on("end", () => {
        if (mood.is === "drops in the middle") {
          hangUp(session.id);
          return;
        }
        if (mood.is === "refuses the message") return done(answer(554, "looks like spam"));
        mails.push(text);
        done();
      });
    },
  });
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  atEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  const notify = (base: string) =>
    `  notify: { publicUrl: "${base}", mail: { host: 127.0.0.1, port: ${port}, from: apportion@example.org, tls: none } }\n`;
  return { mails, mood, notify };
}
