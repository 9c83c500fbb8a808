import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Notice, Skeleton } from "./frame.tsx";

/**
 * A page whose code comes when it is first gone to, so that the first load stays small for who only
 * looks at costs. Its answers are asked for meanwhile, as any page's.
 */
export function later(load: () => Promise<ComponentType>): ComponentType {
  let Page: ComponentType | null = null;
  return function Later() {
    const [state, setState] = useState<"waiting" | "here" | "failed">(
      Page === null ? "waiting" : "here",
    );
    useEffect(() => {
      if (Page !== null) return;
      load().then(
        (loaded) => {
          Page = loaded;
          setState("here");
        },
        () => setState("failed"),
      );
    }, []);
    if (state === "failed") {
      return (
        <Notice tone="bad">
          This page could not be loaded. <a href={location.href}>Load it again</a>
        </Notice>
      );
    }
    return Page === null ? <Skeleton lines={20} /> : <Page />;
  };
}
