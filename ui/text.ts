/**
 * Names come from tags, resources and files that anyone may write. Preact escapes markup; this makes
 * visible what markup escaping lets through: characters that reorder, hide or imitate.
 */

// Format, control, surrogate and line-separator characters, and the blanks that look like nothing.
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u{e0100}-\u{e01ef}]/gu;

/** The text with characters nobody can see written out, like `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => `\\u{${char.codePointAt(0)?.toString(16) ?? ""}}`);
}

/** The text cut in its middle to `most` characters; both ends of a resource name tell it apart. */
export function cutMiddle(text: string, most: number): string {
  const chars = [...text];
  if (chars.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${chars.slice(0, most - 1 - tail).join("")}…${chars.slice(chars.length - tail).join("")}`;
}

/** Whether `text` holds every word of `search`, whatever the case. */
export function matches(text: string, search: string): boolean {
  const held = text.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => held.includes(word));
}

/** The last step of a path. */
export function lastOf(path: string): string {
  return path.split("/").at(-1) ?? path;
}
