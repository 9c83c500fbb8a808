import { readFileSync } from "node:fs";

const modules = new Map<string, WebAssembly.Module>();

/**
 * An instance of a module that `npm run build:wasm` made from an `assembly/` folder. All such modules
 * take their memory from outside; what lies in it is theirs to say. A thread compiles a module once.
 * @param url of the `.wasm` file
 * @param memory at least the pages the module asks for
 * @returns the module's functions, whose types are its source's
 */
export function instantiate(url: URL, memory: WebAssembly.Memory): WebAssembly.Exports {
  let module = modules.get(url.href);
  if (module === undefined)
    modules.set(url.href, (module = new WebAssembly.Module(readFileSync(url))));
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}
