import type { ComponentChildren } from "preact";

/** A state in a word and a shape; colour only repeats it. */
export function Status({
  tone,
  children,
}: {
  tone: "good" | "warn" | "bad";
  children: ComponentChildren;
}) {
  const sign = tone === "good" ? "✓" : tone === "warn" ? "!" : "✕";
  return (
    <span class={`status ${tone}`}>
      <span class="sign" aria-hidden="true">
        {sign}
      </span>
      {children}
    </span>
  );
}
