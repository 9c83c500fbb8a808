import { useEffect, useRef } from "preact/hooks";
import { go, hrefOf, place } from "../place.ts";

const TYPING_MS = 200;

/** Narrows a table by what is typed; the search is in the address like all else. */
export function Search({ label, placeholder }: { label: string; placeholder: string }) {
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const box = useRef<HTMLInputElement>(null);
  const search = place.value.view.search;
  const sent = useRef(search);
  useEffect(() => {
    // Back changes the address without typing; what typing itself sent must not overwrite newer letters.
    if (search === sent.current || box.current === null) return;
    sent.current = search;
    box.current.value = search;
  }, [search]);
  const find = (text: string) => {
    clearTimeout(waiting.current);
    const next = text.trim();
    if (next === place.value.view.search) return;
    sent.current = next;
    // One step back leaves the search, however many letters it had.
    void go(hrefOf({ search: next }), place.value.view.search === "" ? "push" : "replace");
  };
  return (
    <form
      class="search"
      role="search"
      method="get"
      onSubmit={(event) => {
        event.preventDefault();
        find(box.current?.value ?? "");
      }}
    >
      <input
        ref={box}
        type="search"
        name="q"
        aria-label={label}
        placeholder={placeholder}
        defaultValue={search}
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        onInput={(event) => {
          const text = event.currentTarget.value;
          clearTimeout(waiting.current);
          waiting.current = setTimeout(() => find(text), TYPING_MS);
        }}
      />
    </form>
  );
}
