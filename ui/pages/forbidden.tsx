import type { Problem, Whoami } from "../../api/schemas/common.ts";
import { ME } from "../answers.ts";
import { answerOf } from "../answering.ts";
import { hrefOf, teamPath } from "../place.ts";
import { useTitle } from "../parts/title.ts";
import { visible } from "../text.ts";

const REFUSALS = ["NOT_YOUR_TEAM", "FORBIDDEN_ROLE"];

/** True where the server answered that this is somebody else's, and not that something failed. */
export function isRefusal(problem: Problem | null | undefined): problem is Problem {
  return problem != null && REFUSALS.includes(problem.code);
}

/** A link that is for others: what one is, what is one's own, whom to ask. */
export function ForbiddenPage({ problem }: { problem: Problem }) {
  useTitle("Not yours to see");
  const who = answerOf<Whoami>(ME).data;
  const teams = who?.teams ?? [];
  const team = problem.code === "NOT_YOUR_TEAM";
  return (
    <div class="alone">
      <h1 tabIndex={-1}>
        {team ? "These figures are another team's" : "This page is for other roles"}
      </h1>
      <p>{visible(problem.detail)}.</p>
      <p>
        {who !== null && who.name !== "" && <>You are {visible(who.name)}. </>}
        Whoever sent you the link can tell you what it shows, or your platform team can add you to
        the {team ? "team's group" : "group of a role that sees it"}. Then sign out and in again.
      </p>
      {teams.length > 0 && (
        <p>
          Your own:{" "}
          {teams.map((one, index) => (
            <>
              {index > 0 && ", "}
              <a href={hrefOf({}, teamPath(one))}>{visible(one)}</a>
            </>
          ))}
        </p>
      )}
      <p>
        <a href={hrefOf({}, "/")}>Overview: where the money went</a>
      </p>
      <p class="quiet">
        Code <code>{problem.code}</code>
      </p>
    </div>
  );
}
