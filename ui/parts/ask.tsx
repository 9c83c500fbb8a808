import type { ComponentChildren } from "preact";
import type { Problem } from "../../api/schemas/common.ts";
import { type Answer, answerOf, load } from "../answering.ts";
import { formatTime } from "../dates.ts";
import { visible } from "../text.ts";
import { hrefOf } from "../place.ts";
import { Notice, Skeleton } from "./frame.tsx";

interface AskProps<T> {
  path: string;
  lines?: number;
  height?: number;
  children: (data: T) => ComponentChildren;
}

/** The part of a page that one answer fills: its skeleton, its figures, or what failed. */
export function Ask<T>({ path, lines, height, children }: AskProps<T>) {
  const answer = answerOf<T>(path);
  if (answer.data !== null) {
    return (
      <>
        <Stale answer={answer} path={path} />
        {children(answer.data)}
      </>
    );
  }
  if (answer.problem !== null) return <Failure answer={answer} path={path} />;
  return <Skeleton {...(height === undefined ? { lines: lines ?? 8 } : { height })} />;
}

/** Says that the figures shown are older than they should be, and since when. */
export function Stale({ answer, path }: { answer: Answer<unknown>; path: string }) {
  if (answer.problem === null || answer.failingSince === null) return null;
  return (
    <Notice tone="warn">
      Refreshing fails since {formatTime(new Date(answer.failingSince).toISOString())}:{" "}
      {visible(answer.problem.detail)} The figures below are those of{" "}
      {formatTime(new Date(answer.at).toISOString())} and still hold. <Retry path={path} />
    </Notice>
  );
}

/** What failed, since when, and what still holds. */
export function Failure({ answer, path }: { answer: Answer<unknown>; path: string }) {
  const problem = answer.problem;
  if (problem === null) return null;
  const since = answer.failingSince;
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{titleOf(problem)}</p>
      <p>{visible(problem.detail)}</p>
      <p class="quiet">
        Code <code>{visible(problem.code)}</code>
        {since !== null && <> · since {formatTime(new Date(since).toISOString())}</>} · asked for{" "}
        <code class="wrap">{path}</code>
      </p>
      <p class="quiet">
        What was published stays as it was; nothing is lost. <a href={hrefOf({}, "/data")}>Data</a>{" "}
        says how fresh it is.
      </p>
      <p>
        <Retry path={path} />
      </p>
    </div>
  );
}

function Retry({ path }: { path: string }) {
  return (
    <button type="button" class="button" onClick={() => void load(path, true)}>
      Try again
    </button>
  );
}

function titleOf(problem: Problem): string {
  if (problem.status === 404) return "There is no such thing here";
  if (problem.status === 0) return "The server cannot be reached";
  if (problem.status < 500) return "This address asks for something that cannot be answered";
  return "These figures could not be read";
}
