import { render } from "preact";
import { initialRequests, ME } from "./answers.ts";
import { load, seed } from "./answering.ts";
import { App } from "./app.tsx";
import { copyExact } from "./copy.ts";
import { place, showHash, watchPlace } from "./place.ts";

seed(document.getElementById("answers")?.textContent ?? "{}");
watchPlace();
document.addEventListener("copy", copyExact);
// A tab left open overnight shows this morning's figures when it is looked at again.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  const { pathname, search } = place.value;
  for (const path of initialRequests(pathname, search)) void load(path);
});

// A page that the back button brings out of the browser's memory may be of a session that is over.
addEventListener("pageshow", (event) => {
  if (event.persisted) void load(ME, true);
});

const root = document.getElementById("app");
if (root !== null) {
  root.replaceChildren();
  render(<App />, root);
  showHash(location.hash);
}
