import type { Sources } from "../../api/schemas/data.ts";
import { answerOf } from "../answering.ts";
import { visible } from "../text.ts";
import { hrefOf } from "../place.ts";

const SAMPLE = `sources:
  - type: azure-exports
    name: billing
    location:
      account: https://ACCOUNT.blob.core.windows.net
      container: exports
      prefix: finops
      auth: { type: azure }`;

/** Nothing is published yet: what to connect, and how. */
export function EmptyInstall() {
  const sources = answerOf<Sources>("/api/v1/sources").data;
  const failed = sources?.data.filter((source) => source.state === "failed") ?? [];
  const blocked = sources?.months.filter((month) => !month.published) ?? [];
  return (
    <div class="alone">
      <h1 tabIndex={-1}>No month is published yet</h1>
      {failed.length > 0 && (
        <p>
          {failed.length === 1 ? "A source is" : `${failed.length} sources are`} connected but could
          not be read: {failed.map((source) => visible(source.name)).join(", ")}.{" "}
          <a href={hrefOf({}, "/data")}>See what is wrong</a>
        </p>
      )}
      {blocked.length > 0 && (
        <p>
          Lines are imported, but a check holds them back.{" "}
          <a href={hrefOf({}, "/data")}>See which, and what to do</a>
        </p>
      )}
      <p>Three steps bring the first figures:</p>
      <ol class="steps">
        <li>
          <strong>Let Azure write the bill.</strong> In Cost Management, under Exports, create a
          daily export “Cost and usage details (FOCUS)”, or the pair “actual” and “amortized”, into
          a storage account. Ask for the past 13 months too.
        </li>
        <li>
          <strong>Say where it is</strong>, in <code>apportion.yaml</code> (
          <code>npx apportion init</code> writes one with comments):
          <pre tabIndex={0}>{SAMPLE}</pre>
          A folder works as well: <code>{"location: { directory: ./exports }"}</code>
        </li>
        <li>
          <strong>Read and build:</strong> <code>npx apportion run</code>. The figures are here when
          it ends. <code>npx apportion doctor</code> says what is missing.
        </li>
      </ol>
      <p class="quiet">
        Only looking? <code>npx apportion demo</code> shows a sample company.
      </p>
    </div>
  );
}
