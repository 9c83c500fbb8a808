import { printable } from "../../data/errors.ts";
import type { Recorded } from "./record.ts";

const GOING = ["candidate", "confirmed", "notified", "kept", "snoozed"];

/**
 * The text of the pull request that removes a namespace from its repository, in Markdown: what is
 * managed from there is never deleted here, since it would be made again. Null where it is not managed
 * from one, or shows signs of life. Names come from anybody and stand as code.
 */
export function pullRequestOf({ key, seen, life }: Recorded): string | null {
  const { assessment, cost } = seen;
  if (assessment.gitops === null || !GOING.includes(life.state)) return null;
  const { volumes, loadBalancers, workloads } = assessment.holds;
  return `Remove the namespace ${code(key.name)} of ${code(key.cluster)}

It has shown no sign of life since ${(life.dormantSince ?? seen.at).slice(0, 10)}, and is managed by ${code(assessment.gitops)}.
${cost === null ? "No cost is known of it." : `It cost ${cost.amount} ${cost.currency} in ${cost.month}.`}
It holds ${workloads} workloads, ${volumes} volumes and ${loadBalancers} load balancers.

${assessment.signals.map(({ evidence }) => `- ${code(evidence)}`).join("\n")}

Before this is merged: take a backup of its volumes, and check that pruning is meant to remove them.
Its content when this was written: ${code(seen.hash)}.
`;
}

/** As code, whatever backticks it holds. */
function code(text: string): string {
  const plain = printable(text);
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${plain}${fence}` : `${fence} ${plain} ${fence}`;
}
