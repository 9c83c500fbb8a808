import { visible } from "../text.ts";

const TAIL = 10;
const LONG = 24;

/** A name as data, never as markup: hidden characters shown, the middle cut when there is no room. */
export function Name({ text }: { text: string }) {
  const safe = visible(text);
  const chars = [...safe];
  if (chars.length <= LONG) {
    return (
      <span class="name" title={safe}>
        <span class="name-head">{safe}</span>
      </span>
    );
  }
  return (
    <span class="name" title={safe}>
      <span class="name-head">{chars.slice(0, -TAIL).join("")}</span>
      <span class="name-tail">{chars.slice(-TAIL).join("")}</span>
    </span>
  );
}
