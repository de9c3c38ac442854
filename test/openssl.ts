import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * True if the openssl program is there; tests that need it say so in their name and skip without
 * it.
 */
export const hasOpenssl = canRun();

/** A folder in which the openssl program works on files. */
export interface Openssl {
  readonly folder: string;
  /**
   * Runs openssl there; words are split at spaces. Returns stdout; throws with stderr if it fails.
   */
  run(words: string): string;
  read(file: string): Promise<string>;
  readBytes(file: string): Promise<Uint8Array>;
  write(file: string, contents: string | Uint8Array): Promise<void>;
}

/** Gives `body` a folder of its own to run openssl in, removed afterwards. */
export function withOpenssl(body: (openssl: Openssl) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), "hawser-openssl-"));
    try {
      await body({
        folder,
        run(words) {
          const args = words.split(" ");
          return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
        },
        read: (file) => readFile(join(folder, file), "utf8"),
        readBytes: async (file) => Uint8Array.from(await readFile(join(folder, file))),
        write: (file, contents) => writeFile(join(folder, file), contents),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  };
}

function canRun(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
