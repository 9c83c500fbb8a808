import { ageOf, formatTime } from "../dates.ts";

/** A time as its age, the time itself on hover. */
export function Ago({ time, never }: { time: string | null; never: string }) {
  if (time === null) return <span class="none">{never}</span>;
  return (
    <time dateTime={time} title={formatTime(time)}>
      {ageOf(time, Date.now())} ago
    </time>
  );
}
