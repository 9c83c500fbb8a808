import { userInfo } from "node:os";

/** The name of who sits at this machine; a container's user may have none. */
export function localName(): string {
  try {
    return `local:${userInfo().username}`;
  } catch {
    return `local:${process.getuid?.() ?? "unknown"}`;
  }
}
