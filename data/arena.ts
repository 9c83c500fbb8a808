/**
 * Memory of WebAssembly, handed out from its beginning on. It is shared, so that one thread may fill it for another,
 * and views of it stay good when it grows; its modules are compiled for that (`shared/` in `assembly/`).
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  #top: number;

  /** @param memory another thread's, of which nothing below `top` is handed out */
  constructor(memory?: WebAssembly.Memory, top = PAGE) {
    this.memory =
      memory ?? new WebAssembly.Memory({ initial: 16, maximum: MOST_PAGES, shared: true });
    this.#top = top;
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  /** Where the next is handed out. */
  get top(): number {
    return this.#top;
  }

  /** Takes back all that was handed out from an address on. */
  release(top: number): void {
    this.#top = top;
  }

  /**
   * So many bytes, which hold anything.
   * @returns their address, a multiple of 16
   * @throws RangeError beyond 4 GiB
   */
  reserve(bytes: number): number {
    const at = this.#top;
    this.#top = at + Math.ceil(bytes / 16) * 16;
    const missing = Math.ceil((this.#top - this.buffer.byteLength) / PAGE);
    if (missing > 0) {
      const pages = this.buffer.byteLength / PAGE;
      // Each time some more: growing asks the system.
      this.memory.grow(Math.min(MOST_PAGES - pages, Math.max(missing, 256, pages >> 3)));
    }
    return at;
  }
}

const PAGE = 65_536;
const MOST_PAGES = 65_536;
