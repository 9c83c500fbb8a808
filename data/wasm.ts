import { readFileSync } from "node:fs";

/**
 * An instance of a module that `npm run build:wasm` made from an `assembly/` folder. All such modules
 * take their memory from outside; what lies in it is theirs to say.
 * @param url of the `.wasm` file
 * @param memory at least the pages the module asks for
 * @returns the module's functions, whose types are its source's
 */
export function instantiate(url: URL, memory: WebAssembly.Memory): WebAssembly.Exports {
  const module = new WebAssembly.Module(readFileSync(url));
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}
