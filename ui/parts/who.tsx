import type { Whoami } from "../../api/schemas/common.ts";
import { ME } from "../answers.ts";
import { answerOf, leave } from "../answering.ts";
import { visible } from "../text.ts";

/** Who looks, as what, at whose figures; and the way out. Nothing where nobody signs in. */
export function Who() {
  const who = answerOf<Whoami>(ME).data;
  if (who === null || who.signIn === "none") return null;
  return (
    <details class="who">
      <summary>{visible(who.name)}</summary>
      <div class="who-card">
        <p>{visible(who.name)}</p>
        <p class="quiet">
          {who.roles.join(", ")} ·{" "}
          {who.teams === null ? "every team's figures" : `figures of ${who.teams.join(", ")}`}
        </p>
        {who.csrf !== null && (
          <button type="button" class="button" onClick={() => void signOut(who.csrf ?? "")}>
            Sign out
          </button>
        )}
      </div>
    </details>
  );
}

async function signOut(csrf: string): Promise<void> {
  const answer = await fetch("/sign-out", { method: "POST", headers: { "x-csrf-token": csrf } });
  // Over already, or just ended: either way nothing of it stays here.
  if (answer.ok || answer.status === 401) leave("/signed-out");
}
