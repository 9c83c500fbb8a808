import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes sure of the real programs the tests use. Debian's packages are installed only as root on
 * Debian with CI set or inside a container; elsewhere one line says how. Azurite is an npm package
 * under its own lockfile.
 */

interface Program {
  name: string;
  binaries: string[];
  debian: string;
}

export const PROGRAMS: readonly Program[] = [
  {
    name: "Chromium",
    binaries: ["/usr/bin/chromium", "/usr/bin/chromium-browser"],
    debian: "chromium",
  },
  { name: "Prometheus", binaries: ["/usr/bin/prometheus"], debian: "prometheus" },
];

/** Where a program is; null where it is not installed. */
export function findProgram(name: string): string | null {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  return program?.binaries.find((path) => existsSync(path)) ?? null;
}

const AZURITE = join(import.meta.dirname, "tools/azurite");
/** The script that starts Azurite's blob service; null where it is not installed. */
export function findAzurite(): string | null {
  const script = join(AZURITE, "node_modules/azurite/dist/src/blob/main.js");
  return existsSync(script) ? script : null;
}

function mayInstall(): boolean {
  const debian =
    existsSync("/etc/os-release") &&
    /^ID(_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));
  const container = existsSync("/.dockerenv") || existsSync("/run/.containerenv");
  const ci = process.env["CI"] !== undefined && process.env["CI"] !== "";
  return debian && process.getuid?.() === 0 && (ci || container);
}

function install(): void {
  const missing = PROGRAMS.filter((program) => findProgram(program.name) === null);
  if (missing.length > 0) {
    const packages = missing.map((program) => program.debian);
    const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
    if (mayInstall()) {
      process.stderr.write(
        `installing ${packages.join(", ")} from Debian's packages for the tests\n`,
      );
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      spawnSync("apt-get", ["update", "-q"], { stdio: ["ignore", "ignore", "inherit"], env });
      spawnSync("apt-get", command.split(" ").slice(1), {
        stdio: ["ignore", "ignore", "inherit"],
        env,
      });
    } else
      process.stderr.write(
        `for the suites that need ${missing.map((program) => program.name).join(" and ")}: sudo ${command}\n`,
      );
  }
  if (findAzurite() === null) {
    process.stderr.write("installing Azurite for the blob storage tests\n");
    try {
      execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: AZURITE,
        stdio: ["ignore", "ignore", "pipe"],
      });
    } catch (error) {
      process.stderr.write(
        `Azurite could not be installed: ${String((error as Error).message).split("\n")[0]}\n`,
      );
    }
  }
}

if (import.meta.main) install();
