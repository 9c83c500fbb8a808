import { asAppError } from "../data/errors.ts";
import { freeBytes } from "../data/files.ts";
import { dropHalfLanding, landingFolder, readLanded } from "./landing.ts";
import type { LandedFile, Source, SourceContext, Unit } from "./source.ts";

// Where the disk is nearly full, nothing takes room that the unit being loaded may need.
const ROOM_AHEAD = 256 << 20;

/**
 * Lands the units of a source: one at a time, and the next one while the one before it is loaded, since
 * the one waits for the network or the disk and the other for the engine.
 */
export class Lander {
  readonly #source: Source;
  readonly #context: SourceContext;
  #ahead: { unit: Unit; landed: Promise<readonly LandedFile[]> } | null = null;

  constructor(source: Source, context: SourceContext) {
    this.#source = source;
    this.#context = context;
  }

  /** The files of a unit: what `folder` holds of it, what was landed ahead, or landed now. */
  async land(unit: Unit, folder: string | undefined): Promise<readonly LandedFile[]> {
    const before = folder === undefined ? null : await readLanded(folder);
    if (before !== null) return before;
    const ahead = this.#ahead;
    await this.settle();
    if (ahead?.unit !== unit) return this.#land(unit);
    return ahead.landed.catch((error: unknown) => {
      // What was loaded meanwhile has given its room back.
      if (asAppError(error).code === "DISK_FULL") return this.#land(unit);
      throw error;
    });
  }

  /** Begins with `next` while `unit` is loaded, where there is room for both. */
  async begin(next: Unit | undefined, unit: Unit): Promise<void> {
    if (next === undefined || this.#ahead !== null) return;
    const needed = ROOM_AHEAD + 4 * (unit.bytes + next.bytes);
    if ((await freeBytes(this.#context.home)) < needed) return;
    const landed = this.#land(next);
    landed.catch(() => {});
    this.#ahead = { unit: next, landed };
  }

  /** Waits for what was begun; how it went is told when its turn comes. */
  async settle(): Promise<void> {
    await this.#ahead?.landed.catch(() => {});
    this.#ahead = null;
  }

  async #land(unit: Unit): Promise<readonly LandedFile[]> {
    const { home } = this.#context;
    try {
      return await this.#source.land(unit, this.#context);
    } catch (error) {
      await dropHalfLanding(landingFolder(home, this.#source.name, unit.unit, unit.fingerprint));
      throw error;
    }
  }
}
