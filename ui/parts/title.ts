import { useEffect } from "preact/hooks";
import { visible } from "../text.ts";

/** Names the browser's tab and history entry after the page. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${visible(title)} · Apportion`;
  }, [title]);
}
