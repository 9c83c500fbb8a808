import type { Recorded } from "../../analysis/lifecycle/record.ts";
import { printable } from "../../data/errors.ts";

/** A message about a namespace: said once, in text and in HTML. */
export interface Message {
  /** The same for the same message, so that one sent twice is seen once. */
  id: string;
  subject: string;
  text: string;
  html: string;
  /** For webhooks: the same in parts. */
  parts: {
    namespace: string;
    state: string;
    step: number;
    deadline: string;
    why: string;
    cost: string;
    keep: string;
    snooze: string;
  };
}

export interface MessageInputs {
  namespace: Recorded;
  step: number;
  /** The day on which it may be deleted at the earliest. */
  deadline: string;
  /** Addresses, or the commands to type. */
  keep: string;
  snooze: string;
  isDeletionOn: boolean;
}

/** Writes the message of a step. Names come from anybody, and are text everywhere. */
export function messageOf(inputs: MessageInputs): Message {
  const { namespace, step, deadline, keep, snooze, isDeletionOn } = inputs;
  const { key, seen, life } = namespace;
  const name = plain(`${key.cluster}/${key.name}`);
  const day = deadline.slice(0, 10);
  const cost =
    seen.cost === null
      ? "not known"
      : `${seen.cost.amount} ${seen.cost.currency} in ${seen.cost.month}`;
  const { volumes, loadBalancers, workloads } = seen.assessment.holds;
  const holds = `${workloads} workloads, ${volumes} volumes, ${loadBalancers} load balancers`;
  const evidence = seen.assessment.signals.map((one) => plain(one.evidence));
  const end = isDeletionOn
    ? `Without an answer nothing is deleted: its owner and a second person must approve. It may be deleted from ${day} on, after 7 days scaled to zero and with a complete backup.`
    : "Deleting is switched off: this message only asks whether it is still needed.";
  const text = [
    `The namespace ${name} shows no sign of life (T-${step}).`,
    "",
    `Cost: ${cost}`,
    `It holds: ${holds}`,
    `Owner known by: ${plain(seen.creator.evidence)} (${seen.creator.confidence ?? "unknown"} confidence)`,
    "",
    "What was seen:",
    ...evidence.map((line) => `- ${line}`),
    "",
    end,
    "",
    `Keep it: ${keep}`,
    `Put it off for 30 days: ${snooze}`,
    "",
  ].join("\n");
  const link = (address: string, words: string) =>
    /^https?:/.test(address)
      ? `<a href="${escaped(address)}">${words}</a>`
      : `${words}: <code>${escaped(address)}</code>`;
  const html = [
    "<!doctype html><meta charset=utf-8>",
    `<p>The namespace <strong>${escaped(name)}</strong> shows no sign of life (T-${step}).</p>`,
    `<p>Cost: ${escaped(cost)}<br>It holds: ${escaped(holds)}<br>Owner known by: ${escaped(plain(seen.creator.evidence))} (${seen.creator.confidence ?? "unknown"} confidence)</p>`,
    `<p>What was seen:</p><ul>${evidence.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>`,
    `<p>${escaped(end)}</p>`,
    `<p>${link(keep, "Keep it")} &middot; ${link(snooze, "Put it off for 30 days")}</p>`,
  ].join("\n");
  return {
    id: `${key.uid}.${life.dormantSince?.slice(0, 10) ?? "0"}.T-${step}`.replaceAll(
      /[^\w.-]/g,
      "-",
    ),
    subject: `Namespace ${name}: still needed? (T-${step}, ${day})`,
    text,
    html,
    parts: {
      namespace: name,
      state: life.state,
      step,
      deadline: day,
      why: evidence.join("; "),
      cost,
      keep,
      snooze,
    },
  };
}

/** A body for a webhook. */
export function webhookBody(form: string, message: Message, to: string): object {
  const { parts, subject, id } = message;
  const lines = [`Cost: ${parts.cost}`, `Seen: ${parts.why}`, `To: ${plain(to)}`];
  if (form === "slack") {
    // Slack's own marks: `<`, `>` and `&` would make links and mentions of names.
    const text = [subject, ...lines, `Keep it: ${parts.keep}`, `Put it off: ${parts.snooze}`]
      .map((line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"))
      .join("\n");
    return {
      text,
      blocks: [{ type: "section", text: { type: "plain_text", text: text.slice(0, 3_000) } }],
    };
  }
  if (form === "teams")
    return {
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            body: [subject, ...lines].map((text, index) => ({
              type: "RichTextBlock",
              inlines: [{ type: "TextRun", text, ...(index === 0 ? { weight: "bolder" } : {}) }],
            })),
            actions: [
              ["Keep it", parts.keep],
              ["Put it off", parts.snooze],
            ]
              .filter(([, url = ""]) => /^https?:/.test(url))
              .map(([title, url]) => ({ type: "Action.OpenUrl", title, url })),
          },
        },
      ],
    };
  if (form === "servicenow")
    return {
      // The table API's field names of an incident.
      short_description: subject.slice(0, 160),
      description: message.text,
      category: "cloud",
      urgency: parts.step <= 7 ? "2" : "3",
      impact: "3",
      correlation_id: id,
      correlation_display: "Apportion",
    };
  return { id, subject, to: plain(to), ...parts };
}

/** One line of text: control and direction-changing characters shown. */
function plain(text: string): string {
  return printable(text);
}

/** Text as HTML. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
