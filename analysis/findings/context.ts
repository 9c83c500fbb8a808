import type { Register } from "../../data/register.ts";
import type { Session } from "../../data/warehouse.ts";
import type { BuildSettings } from "../inputs.ts";
import type { FindingsInputs } from "./inputs.ts";

/** What the makers of findings are handed; the tables of `columns.json` stand empty in the schema in use. */
export interface FindingsContext {
  session: Session;
  inputs: FindingsInputs;
  /** Each published month's file, attached read-only under `catalog`; oldest first. */
  months: readonly { month: string; catalog: string }[];
  settings: BuildSettings;
  /** What was found before, and where what is found now is kept. */
  register: Register;
  now: Date;
  signal: AbortSignal;
  progress: (what: string, done?: number, total?: number) => void;
}
