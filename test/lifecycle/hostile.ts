/** Text that is meant to be more than text, and text as long as Kubernetes allows. */
export const HOSTILE = {
  html: "<img src=x onerror=alert(1)>",
  script: "<script>alert(1)</script>",
  formula: '=HYPERLINK("http://evil.example","a")',
  newline: "one\r\nBcc: everybody@example.org\r\n\r\n<b>two",
  bidi: "safe\u202egnp.exe",
  short: "a".repeat(63),
  long: `${"label.".repeat(42)}x`,
} as const;

/** As it must be shown: what cannot be seen, or turns text around, by its number. */
export function shown(text: string): string {
  return text.replaceAll(/[\r\n\u202e]/g, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
}
