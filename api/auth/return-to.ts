import type { AuthSettings } from "./config.ts";

/** `text` where it is a path of ours to come back to; else the first page. */
export function pathOfOurs(text: string | undefined, settings: AuthSettings): string {
  const origin = settings.publicUrl?.origin ?? "http://localhost";
  // A browser takes backslashes for slashes, and drops tabs and line ends.
  // oxlint-disable-next-line no-control-regex
  if (text === undefined || !text.startsWith("/") || /[\\\u0000-\u0020]/.test(text)) return "/";
  const url = URL.parse(text, origin);
  // `/.//evil` is a path of ours only until its dots are taken out.
  if (url === null || url.origin !== origin || url.pathname.startsWith("//")) return "/";
  return url.pathname.startsWith("/sign") ? "/" : url.pathname + url.search;
}
