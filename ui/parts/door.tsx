import type { ComponentChildren } from "preact";
import { whyHref } from "../place.ts";

/** A figure that opens to what it is made of; one that is a sum of many stays a figure. */
export function Door({ target, children }: { target: string | null; children: ComponentChildren }) {
  if (target === null) return <>{children}</>;
  return (
    <a class="door" href={whyHref(target)}>
      {children}
    </a>
  );
}
