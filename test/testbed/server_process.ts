import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import process from "node:process";

/** How a server program is run, and ended. */
export interface ServerOptions {
  env?: Record<string, string | undefined>;
  /**
   * Shell commands that end the program, whose process id is `$!`, and all that it leaves behind.
   */
  end?: string;
}

/** A server program under way, its output in a file; it never outlives this process. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(program: string, args: string[], log: string, options: ServerOptions = {}) {
    this.#log = log;
    const output = fs.openSync(log, "a", 0o600);
    // it ends as soon as standard input does: when it is told to, or this process is gone
    const warded = `"$@" </dev/null & read -r _; ${options.end ?? "kill -KILL $!"}; wait`;
    this.#child = spawn("sh", ["-c", warded, "sh", program, ...args], {
      env: { ...process.env, ...options.env },
      stdio: ["pipe", output, output],
      detached: true, // out of reach of the terminal's Ctrl-C, so that it ends after this process
    });
    fs.closeSync(output);
  }

  /** Asks until it answers; fails with the end of its output after 60 seconds. */
  async waitUntil(answers: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 60_000;
    while (!await answers().catch(() => false)) {
      if (performance.now() > end) {
        throw new Error(`It does not answer:\n${fs.readFileSync(this.#log, "utf8").slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it and waits until it is gone. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.stdin!.end();
    await exit;
  }
}

/**
 * A port that nothing listens on, and that nothing else takes before it is used: neither
 * controllers of other tests, which begin at 9090, nor connections, which Linux gives ports from
 * 32768 on.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "::", () => server.close(() => resolve(true)));
  });
}
