import { AppError } from "../../data/errors.ts";
import { call } from "../../data/outward.ts";
import type { Restated } from "../../data/register/statements.ts";
import { type Channels, type Mail, sendMail } from "../notify/send.ts";

const DEADLINE = 10_000;

/** Where finance is told that a closed month was restated. */
export interface Finance {
  /** An address, with its secret; null: none. */
  webhook: string | null;
  /** A mail server and the addresses it is given one mail each. */
  mail: { server: NonNullable<Channels["mail"]>; to: readonly string[] } | null;
}

/**
 * Tells finance by every way that is configured. Throws where one did not take it: the next build tries all
 * again, and a mail that comes twice is the same message.
 */
export function messenger({ webhook, mail }: Finance): (restated: Restated) => Promise<void> {
  return async (restated) => {
    const problems: string[] = [];
    const wrong = webhook === null ? null : await post(webhook, restated);
    if (wrong !== null) problems.push(`months.notify.webhook ${wrong}`);
    for (const to of mail?.to ?? []) {
      const refused = await sendMail(
        (mail as NonNullable<typeof mail>).server,
        to,
        mailOf(restated),
      );
      if (refused !== null) problems.push(`${to}: ${refused}`);
    }
    if (problems.length > 0)
      throw new AppError("SOURCE_UNREADABLE", `${problems.join("; ")}; the next build tries again`);
  };
}

/** What happened, in a sentence for people. */
function textOf({ month, number, changes }: Restated): string {
  const sums = changes.map(({ currency, effective }) => `${effective} ${currency}`).join(", ");
  return `${month}, closed as statement no. ${number}, was restated: ${sums === "" ? "other owners, the same totals" : sums}. Statement no. ${number} stays as it is; close the month again for no. ${number + 1}.`;
}

/** Nothing in it is anybody's text: month, numbers, amounts and currencies. */
function mailOf(restated: Restated): Mail {
  const { month, number, fingerprint } = restated;
  const text = textOf(restated);
  return {
    id: `restated-${month}-${number}-${fingerprint.slice(0, 16)}`,
    subject: `${month} was restated after it was closed`,
    text: `${text}\n\nThe Months page shows by how much.\n`,
    html: `<p>${text}</p><p>The Months page shows by how much.</p>`,
  };
}

/** A message to a webhook: its `text` is what Slack and Teams show, the rest is for scripts. */
async function post(url: string, restated: Restated): Promise<string | null> {
  const { month, number, changes, at } = restated;
  try {
    // What a person configured is one address; where it leads on to is not followed.
    const { status } = await call(new URL(url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: textOf(restated), month, number, at, changes }),
      timeoutMs: DEADLINE,
    });
    return status < 300 ? null : `answered ${status}`;
  } catch (error) {
    return `does not answer (${(error as Error).message})`;
  }
}
