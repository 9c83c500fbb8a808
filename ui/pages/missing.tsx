import { hrefOf } from "../place.ts";
import { useTitle } from "../parts/title.ts";

/** An address that is none of ours. */
export function MissingPage() {
  useTitle("Not found");
  return (
    <div class="alone">
      <h1 tabIndex={-1}>There is no page at this address</h1>
      <p>The link may be cut short, or the page may have moved.</p>
      <p>
        <a href={hrefOf({}, "/")}>Overview: where the money went</a>
        <br />
        <a href={hrefOf({}, "/data")}>Data: can I trust today's numbers?</a>
      </p>
    </div>
  );
}
