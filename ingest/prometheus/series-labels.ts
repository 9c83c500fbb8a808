import type { Labels } from "./labels.ts";

/**
 * Labels of series as remote read writes them: fields of two texts, sorted by name. What stands in
 * the same place as in the series before is the same text: most of a day's are never decoded.
 */
export class LabelReader {
  /** The bytes of the series read last, and where in them each name and value begins and ends. */
  #bytes = Buffer.alloc(4096);
  #length = 0;
  #places: number[] = [];
  #texts: string[] = [];
  /** Those of the series before, used again. */
  #otherPlaces: number[] = [];
  #otherTexts: string[] = [];

  /** Whether these bytes are those of the series read last. */
  same(bytes: Buffer, from: number, until: number): boolean {
    return (
      until - from === this.#length &&
      bytes.compare(this.#bytes, 0, this.#length, from, until) === 0
    );
  }

  read(bytes: Buffer, from: number, until: number): Labels {
    const labels: Record<string, string> = {};
    const places = this.#otherPlaces;
    const texts = this.#otherTexts;
    places.length = 0;
    texts.length = 0;
    let at = from;
    const number = () => {
      let byte = bytes[at++] as number;
      let value = byte & 127;
      for (let scale = 128; byte >= 128; scale *= 128) {
        byte = bytes[at++] as number;
        value += (byte & 127) * scale;
      }
      return value;
    };
    while (at < until) {
      number();
      const end = number() + at;
      let name = "";
      let value = "";
      while (at < end) {
        const tag = number();
        const length = number();
        const index = texts.length;
        const text =
          this.#known(bytes, at, length, index) ?? bytes.toString("utf8", at, at + length);
        places.push(at - from, length);
        texts.push(text);
        at += length;
        if (tag === 10) name = text;
        else value = text;
      }
      if (name !== "") labels[name] = value;
    }
    const size = until - from;
    if (this.#bytes.length < size) this.#bytes = Buffer.alloc(size * 2);
    bytes.copy(this.#bytes, 0, from, until);
    this.#length = size;
    [this.#places, this.#otherPlaces] = [places, this.#places];
    [this.#texts, this.#otherTexts] = [texts, this.#texts];
    return labels;
  }

  /** The text in the same place of the series before, where it has the same bytes. */
  #known(bytes: Buffer, at: number, length: number, index: number): string | undefined {
    if (this.#places[index * 2 + 1] !== length) return undefined;
    const before = this.#bytes;
    const start = this.#places[index * 2] as number;
    // From the end: what differs of two pods' names is there.
    for (let byte = length - 1; byte >= 0; byte--)
      if (before[start + byte] !== bytes[at + byte]) return undefined;
    return this.#texts[index];
  }
}
