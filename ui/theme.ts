import { computed, signal } from "@preact/signals";

type Mode = "light" | "dark";

/** What the person chose; null follows the system. */
const chosen = signal<Mode | null>(held());
const dark = matchMedia("(prefers-color-scheme: dark)");
const system = signal<Mode>(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => {
  system.value = dark.matches ? "dark" : "light";
});

/** The theme in force. */
export const mode = computed<Mode>(() => chosen.value ?? system.value);

/** Switches to the other theme and remembers it, where the browser lets us. */
export function toggleTheme(): void {
  const next: Mode = mode.value === "dark" ? "light" : "dark";
  chosen.value = next;
  document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Storage may be off; the choice then lasts as long as the page.
  }
}

function held(): Mode | null {
  const theme = document.documentElement.dataset["theme"];
  return theme === "dark" || theme === "light" ? theme : null;
}
