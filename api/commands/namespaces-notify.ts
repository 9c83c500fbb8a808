import { recorded, subjectOf } from "../../analysis/lifecycle/record.ts";
import { againstNotice, dueNotice } from "../../analysis/lifecycle/rules.ts";
import { type Event, plusDays } from "../../analysis/lifecycle/life.ts";
import { readSecret } from "../../data/config.ts";
import type { Register } from "../../data/register.ts";
import { appendEvent } from "../../data/register/namespaces.ts";
import { namesUnlogged } from "../../data/register/people.ts";
import type { Config } from "../config.ts";
import { signLink } from "../notify/links.ts";
import { messageOf } from "../notify/message.ts";
import { type Channels, sendMessage } from "../notify/send.ts";

export interface NoticeResult {
  namespace: string;
  step: number;
  outcome: "would be sent" | "sent" | "not sent";
  problem: string | null;
}

/** Sends the messages that are due, one at a time. In a dry run says which, and sends none. */
export async function notifyOwners(
  config: Config,
  register: Register,
  now: () => Date,
  isDryRun: boolean,
): Promise<NoticeResult[]> {
  const policy = config.lifecycle;
  const results: NoticeResult[] = [];
  const channels = isDryRun ? null : channelsOf(config);
  for (const one of recorded(register, policy)) {
    const at = now().toISOString();
    const step = dueNotice(one.life, policy, at);
    if (step === null || againstNotice(subjectOf(one), policy, step, at).length > 0) continue;
    const namespace = `${one.key.cluster}/${one.key.name}`;
    if (channels === null) {
      results.push({ namespace, step, outcome: "would be sent", problem: null });
      continue;
    }
    const by = one.seen.creator.person ?? "";
    const deadline = plusDays(at, step);
    const expires = plusDays(at, Math.max(step, 14) + 7);
    const answer = (action: "keep" | "snooze") =>
      addressOf(config, register, { ...one.key, action, by, expires });
    const message = messageOf({
      namespace: one,
      step,
      deadline,
      keep: answer("keep"),
      snooze: answer("snooze"),
      isDeletionOn: policy.deletion !== null,
    });
    const to = namesUnlogged(register, [by]).get(by) ?? "";
    const { problem, notes } = await sendMessage(channels, to, message);
    const event: Event =
      problem === null
        ? { type: "delivered", at, step }
        : { type: "undelivered", at, step, problem };
    appendEvent(
      register,
      one.key,
      event,
      { name: "system", role: "worker" },
      { to: by, message: message.id, notes },
    );
    results.push({
      namespace,
      step,
      outcome: problem === null ? "sent" : "not sent",
      problem: problem ?? notes[0] ?? null,
    });
  }
  return results;
}

function addressOf(
  config: Config,
  register: Register,
  claim: Parameters<typeof signLink>[1],
): string {
  const base = config.server.auth.publicUrl?.href ?? config.namespaces.notify?.publicUrl;
  if (base === undefined)
    return `apportion namespaces ${claim.action} ${claim.cluster}/${claim.name} --reason WHY${claim.action === "snooze" ? " --until DAY" : ""}`;
  const url = new URL("/respond", base);
  url.searchParams.set("token", signLink(register, claim));
  return url.href;
}

/** Where messages go, with their secrets read. */
export function channelsOf(config: Config): Channels {
  const { mail, webhooks = [] } = config.namespaces.notify ?? {};
  const secret = (value: string, what: string) =>
    readSecret(value, config.folder, `namespaces.notify: ${what}`);
  return {
    mail:
      mail === undefined
        ? null
        : {
            host: mail.host,
            port: mail.port,
            from: mail.from,
            tls: mail.tls ?? "require",
            user: mail.user ?? null,
            password: mail.password === undefined ? null : secret(mail.password, "mail.password"),
          },
    webhooks: webhooks.map(({ url, form, token }) => ({
      url: secret(url, "webhooks.url"),
      form,
      token: token === undefined ? null : secret(token, "webhooks.token"),
    })),
  };
}
