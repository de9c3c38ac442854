import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";

/** What a token holds that a client needs. */
export interface IssuedToken {
  url: string;
  /** PEM. */
  ca: string;
  code: string;
}

/** A site that accepts links, in a data home of its own, and the controller that serves it. */
export interface BenchSite {
  /** The data home; the site is in namespace "west". */
  home: string;
  env: Record<string, string | undefined>;
  /** Of the controller. */
  pid: number;
  /** Runs a command; gives what it prints. Throws what it says if it fails. */
  run(...args: string[]): string;
  /** Issues a token that is good for so many redemptions. */
  issue(uses: number): IssuedToken;
  /** Stops the controller and removes the data home. */
  close(): void;
}

/**
 * Makes the site with the executable and starts its controller, on linux unless `settings` name
 * another platform in the environment. Throws what the executable says.
 */
export function openBenchSite(hawser: string, settings: Record<string, string> = {}): BenchSite {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-bench-"));
  const env = {
    ...process.env,
    HAWSER_DATA_HOME: home,
    SKUPPER_PLATFORM: "linux",
    CI: "1",
    ...settings,
  };
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(hawser, args, { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`hawser ${args.join(" ")} failed\n${stderr}`);
    return stdout;
  };
  const close = () => {
    spawnSync(hawser, ["controller", "stop"], { env });
    fs.rmSync(home, { recursive: true, force: true });
  };
  try {
    run("site", "create", "west", "-n", "west", "--enable-link-access", "--link-host", "127.0.0.1");
    run("controller", "start", "--grant-host", "127.0.0.1");
    return {
      home,
      env,
      run,
      pid: JSON.parse(run("controller", "status", "-o", "json")).pid,
      issue(uses) {
        const options = ["--redemptions-allowed", String(uses), "-n", "west", "-o", "json"];
        return JSON.parse(run("token", "issue", "-", ...options)).spec;
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
