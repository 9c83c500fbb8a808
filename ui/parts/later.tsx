import { type Signal, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { Skeleton } from "./frame.tsx";

/**
 * A page that comes when somebody opens it, so that the first load holds what every page needs. Its
 * answers are in the document all the same; only its shape is awaited.
 */
export function later(load: () => Promise<ComponentType>): ComponentType {
  const page: Signal<ComponentType | null> = signal(null);
  let asked = false;
  return function Later() {
    const Page = page.value;
    if (Page !== null) return <Page />;
    if (!asked) {
      asked = true;
      void load().then(
        (loaded) => (page.value = loaded),
        // The next visit asks again: a line that was down may be up by then.
        () => (asked = false),
      );
    }
    return <Skeleton lines={12} />;
  };
}
