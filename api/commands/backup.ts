import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "../../data/errors.ts";
import { homePaths, makeHome } from "../../data/files.ts";
import { findConfig, readConfig } from "../config.ts";
import { backup, restore } from "../statements/backup.ts";
import { localName } from "./local-name.ts";
import type { Command } from "./commands.ts";
import { asText } from "./ingest.ts";

export const backupCommand: Command = {
  usage: "-o FILE",
  more: "\nWorks while the server and a run work. The rest of a home is made again from the exports.\n",
  options: { output: { type: "string", short: "o" } },
  async run({ options, screen, now }) {
    const output = asText(options["output"]);
    if (output === undefined) throw new AppError("USAGE", "backup: say where to with -o FILE");
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    await makeHome(paths);
    const file = resolve(output);
    const { audit, files } = await backup(paths, file, {
      name: localName(),
      role: "administrator",
      now,
    });
    screen.out(
      `${file}\n${Object.keys(files).length} files; audit log ${audit.rows}:${audit.hash}\n`,
    );
    return 0;
  },
};

export const restoreCommand: Command = {
  usage: "FILE [--force]",
  more: `
Statements that are missing or damaged are always mended. The register is taken where this home has none, or
where the backup's goes on from it; one that knows more than the backup stays, and --force gives that up.
`,
  options: { force: { type: "boolean" } },
  positionals: 1,
  async run({ options, words, screen, now }) {
    const [file] = words;
    if (file === undefined) throw new AppError("USAGE", "restore: name the backup");
    const path = resolve(file);
    if (!existsSync(path)) throw new AppError("USAGE", `restore: there is no file ${path}`);
    const config = readConfig(findConfig(asText(options["config"]), screen.tell));
    const paths = homePaths(config.home);
    await makeHome(paths);
    const { mended, register } = await restore(paths, path, options["force"] === true, {
      name: localName(),
      role: "administrator",
      now,
    });
    for (const name of mended) screen.out(`mended ${name}\n`);
    if (register)
      screen.out(
        "the register is the backup's; whoever was signed in signs in again, and a token revoked since holds again: see apportion token list\n",
      );
    else
      screen.tell(
        "apportion: the register here knows what the backup does not and stays; --force puts the backup's in its place",
      );
    return 0;
  },
};
