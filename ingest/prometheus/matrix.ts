/** One series of an answer to a range query. */
export interface MatrixSeries {
  metric: Record<string, string>;
  /** Seconds and the figure as a text. */
  values: [number, string][];
}

const [QUOTE, BACKSLASH] = [34, 92];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [123, 125, 91, 93];
/** Where a series stands: in the root's object, in that of "data", in the array of "result". */
const SERIES_DEPTH = 3;
/** In place of a series, so that what remains is JSON. */
const NOTHING = Buffer.from("0");

/**
 * Reads the answer to a range query series by series, as it comes: a group's answer parsed at once is a
 * hundred megabytes of small objects. Only where a series begins and ends is looked for here; what is in
 * it, and what is around all of them, is JSON for the engine to read.
 */
export class MatrixReader {
  readonly #take: (series: MatrixSeries) => void;
  readonly #around: Buffer[] = [];
  /** What came of the series that is open. */
  #open: Buffer[] = [];
  #depth = 0;
  #inArray = false;
  #isOpen = false;
  #inText = false;
  #escaped = false;

  constructor(take: (series: MatrixSeries) => void) {
    this.#take = take;
  }

  /**
   * Takes the next bytes, which are kept.
   * @throws SyntaxError where a series is no JSON
   */
  take(piece: Buffer): void {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at];
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inText = false;
      } else if (byte === QUOTE) this.#inText = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#depth === SERIES_DEPTH && byte === OPEN_OBJECT && this.#inArray) {
          this.#around.push(Buffer.from(piece.subarray(from, at)), NOTHING);
          this.#isOpen = true;
          from = at;
        }
        this.#depth++;
        if (this.#depth === SERIES_DEPTH) this.#inArray = byte === OPEN_ARRAY;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth--;
        if (this.#isOpen && this.#depth === SERIES_DEPTH) {
          this.#open.push(piece.subarray(from, at + 1));
          this.#isOpen = false;
          from = at + 1;
          this.#give();
        }
      }
    }
    const rest = piece.subarray(from);
    // What is around is next to nothing, and would hold all that it came with.
    if (this.#isOpen) this.#open.push(rest);
    else this.#around.push(Buffer.from(rest));
  }

  #give(): void {
    const text = Buffer.concat(this.#open).toString("utf8");
    this.#open = [];
    this.#take(JSON.parse(text) as MatrixSeries);
  }

  /** What stood around the series; of an answer that is cut it is no JSON. */
  around(): string {
    return Buffer.concat([...this.#around, ...this.#open]).toString("utf8");
  }
}
