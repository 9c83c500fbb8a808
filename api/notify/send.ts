import { createTransport, type Transporter } from "nodemailer";
import { firstLine } from "../../data/errors.ts";
import { call } from "../../data/outward.ts";
import { type Message, webhookBody } from "./message.ts";

/** Where messages go, with secrets in hand. */
export interface Channels {
  mail: {
    host: string;
    port: number;
    from: string;
    tls: "require" | "implicit" | "none";
    user: string | null;
    password: string | null;
  } | null;
  webhooks: readonly { url: string; form: string; token: string | null }[];
}

/** A mail, said in text and in HTML; `id` is the same for the same message. */
export type Mail = Pick<Message, "id" | "subject" | "text" | "html">;

const TIMEOUT_MS = 20_000;

/**
 * Sends a message to one address and to every webhook. It has arrived when the mail server took it for
 * that address (and without mail, when every webhook did): anything else is a problem, and the clock
 * stops. A refusal of one webhook beside an accepted mail is told and stops nothing.
 * @returns the problem that stops the clock, and what else went wrong
 */
export async function sendMessage(
  channels: Channels,
  to: string,
  message: Message,
): Promise<{ problem: string | null; notes: string[] }> {
  const problems: string[] = [];
  for (const hook of channels.webhooks) {
    const problem = await post(hook, message, to);
    if (problem !== null) problems.push(problem);
  }
  if (channels.mail === null)
    return channels.webhooks.length === 0
      ? { problem: "no way to tell anybody is configured (namespaces.notify)", notes: [] }
      : { problem: problems[0] ?? null, notes: problems.slice(1) };
  return { problem: await sendMail(channels.mail, to, message), notes: problems };
}

/**
 * Sends one mail to one address; the server's acceptance is its arrival.
 * @returns what went wrong; null: the server took it for that address
 */
export async function sendMail(
  { host, port, from, tls, user, password }: NonNullable<Channels["mail"]>,
  to: string,
  message: Mail,
): Promise<string | null> {
  if (!/^[^\s@<>",;]+@[^\s@<>",;]+$/.test(to)) return "no e-mail address is known of its owner";
  const transport: Transporter = createTransport({
    host,
    port,
    secure: tls === "implicit",
    requireTLS: tls === "require",
    ignoreTLS: tls === "none",
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === null || password === null ? {} : { auth: { user, pass: password } }),
  });
  try {
    const { rejected } = (await transport.sendMail({
      from,
      // An object: an address in text could name more than one.
      to: { name: "", address: to },
      subject: message.subject,
      text: message.text,
      html: message.html,
      messageId: `<${message.id}@${from.slice(from.indexOf("@") + 1)}>`,
      headers: { "Auto-Submitted": "auto-generated", "X-Apportion-Message": message.id },
    })) as { rejected: unknown[] };
    return rejected.length === 0 ? null : `${host}: the address was refused`;
  } catch (error) {
    return `${host}: ${firstLine((error as Error).message)}`;
  } finally {
    transport.close();
  }
}

async function post(
  hook: Channels["webhooks"][number],
  message: Message,
  to: string,
): Promise<string | null> {
  const place = URL.canParse(hook.url) ? new URL(hook.url).host : "a webhook";
  try {
    // A redirect is not followed: it would carry the token to another place.
    const response = await call(new URL(hook.url), {
      method: "POST",
      timeoutMs: TIMEOUT_MS,
      headers: {
        "content-type": "application/json",
        ...(hook.token === null ? {} : { authorization: `Bearer ${hook.token}` }),
      },
      body: JSON.stringify(webhookBody(hook.form, message, to)),
    });
    return response.ok ? null : `${place}: HTTP ${response.status}`;
  } catch (error) {
    return `${place}: ${firstLine((error as Error).message)}`;
  }
}
