/**
 * One colour per name, the same on every page and every visit. Collisions are harmless, as every mark
 * carries its label. The colours themselves are in `style/base.css`, once for light and dark.
 */

const HUES = 10;

/** The colour of a team (or any key); sentinels and "others" are grey, as nobody's. */
export function colorOf(key: string): string {
  return /(^|\/)__/.test(key) ? "var(--hue-none)" : `var(--hue-${hash(key) % HUES})`;
}

/** FNV-1a with a final mix; plain FNV leaves short ids bunched in few colours. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 15)) >>> 0;
}
