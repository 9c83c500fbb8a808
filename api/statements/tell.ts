import { AppError } from "../../data/errors.ts";
import type { Restated } from "../../data/register/statements.ts";

const DEADLINE = 10_000;

/** A message to finance's webhook; its `text` is what Slack and Teams show, the rest is for scripts. */
export function tellByWebhook(url: string): (restated: Restated) => Promise<void> {
  return async ({ month, number, changes, at }) => {
    const sums = changes.map(({ currency, effective }) => `${effective} ${currency}`).join(", ");
    const text = `${month}, closed as statement no. ${number}, was restated: ${sums === "" ? "other owners, the same totals" : sums}. Statement no. ${number} stays as it is; close the month again for no. ${number + 1}.`;
    let status: number;
    try {
      ({ status } = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text, month, number, at, changes }),
        // What a person configured is one address; where it leads on to is not theirs to say.
        redirect: "error",
        signal: AbortSignal.timeout(DEADLINE),
      }));
    } catch (error) {
      throw new AppError(
        "SOURCE_UNREADABLE",
        `months.notify.webhook does not answer (${(error as Error).message}); the next build tries again`,
        { cause: error },
      );
    }
    if (status >= 300)
      throw new AppError(
        "SOURCE_UNREADABLE",
        `months.notify.webhook answered ${status}; the next build tries again`,
      );
  };
}
