import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A mail server on loopback that keeps what it took. */
export interface Post {
  port: number;
  mails: { to: string; mail: ParsedMail }[];
  /** An address that it refuses; empty: none. */
  refuses: string;
  stop(): Promise<void>;
}

export async function startPost(): Promise<Post> {
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    onRcptTo({ address }, _session, done) {
      done(address === post.refuses ? new Error("no such mailbox") : null);
    },
    onData(stream, session, done) {
      void simpleParser(stream).then((mail) => {
        for (const { address } of session.envelope.rcptTo) post.mails.push({ to: address, mail });
        done();
      });
    },
  });
  server.on("error", () => {});
  const listening = server.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const post: Post = {
    port: (listening.address() as AddressInfo).port,
    mails: [],
    refuses: "",
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return post;
}
