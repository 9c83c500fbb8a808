import { AppError } from "../../data/errors.ts";
import type { Labels } from "./labels.ts";
import {
  type Fold,
  type Samples,
  type SeriesFigures,
  type StreamedSeries,
  UnreadableStream,
} from "./samples.ts";
import type { Window } from "./runs.ts";

/** What a whole answer was. */
export interface ChunkedEnd {
  frames: number;
  /** One more than the last question that frames are about. */
  answered: number;
  /** Series with native histograms, which hold nothing we read, by name. */
  skipped: string[];
}

/** Where series go that were read; the arrays are there until it returns. */
export interface SeriesSink {
  series(metric: string, labels: Labels, figures: SeriesFigures): void;
}

/** How the series of an answer are reduced, by the question they answer, and where. */
export interface Reading {
  samples: Samples;
  folds: readonly Fold[];
  window: Window;
}

/** Why nothing of an answer is kept. */
export function invalid(place: string, what: string, cause?: unknown): AppError {
  return new AppError(
    "SOURCE_UNREADABLE",
    `${place}: the answer of /api/v1/read ${what}; nothing of it is kept: run the command again`,
    cause === undefined ? undefined : { cause },
  );
}

/** Reads an answer of `ChunkedReadResponse`s, and gives its series to a sink. */
export class ChunkedReader {
  readonly #place: string;
  readonly #samples: Samples;
  readonly #sink: SeriesSink;
  readonly #stream: number;
  readonly #skipped = new Set<string>();
  readonly #each = (series: StreamedSeries) => {
    const { labels } = series;
    const name = labels["__name__"] ?? "";
    if (series.skipped) this.#skipped.add(name);
    if (series.samples > 0) this.#sink.series(name, labels, series);
  };

  constructor(place: string, { samples, folds, window }: Reading, sink: SeriesSink) {
    this.#place = place;
    this.#samples = samples;
    this.#sink = sink;
    this.#stream = samples.open(folds, window);
  }

  /** Takes the next bytes; they are the caller's again when it returns. */
  take(piece: Uint8Array): undefined {
    const give = () => this.#samples.each(this.#each);
    readable(this.#place, () => this.#samples.take(this.#stream, piece, give));
    give();
  }

  /** The answer is whole: gives its last series to the sink. */
  end(): ChunkedEnd {
    const ended = readable(this.#place, () => this.#samples.end(this.#stream));
    this.#samples.each(this.#each);
    return { ...ended, skipped: [...this.#skipped] };
  }
}

/** What reading gives; what cannot be read is said as the contract has it. */
export function readable<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableStream) throw invalid(place, error.message, error);
    throw error;
  }
}
