import { spawn } from "node:child_process";
import process from "node:process";

/** What a run of the simulation found. */
export interface Findings {
  histories: number;
  happenings: number;
  tookMs: number;
  digest: number;
  /** How many of each fault were injected. */
  faults: Record<string, number>;
  /** How many histories broke the promise, by what was broken first. */
  kinds: Record<string, number>;
  broken: {
    seed: number;
    violations: { kind: string; why: string; at: number }[];
    places: string[];
  }[];
}

/** Of services and clients, of whole controllers in a cluster, or of redeemers on files. */
export type HistoryKind = "services" | "controllers" | "redeemers";

/** Which histories are simulated, and how. */
export interface Order {
  first: number;
  count: number;
  limitMs: number;
  /** "stop": until one breaks the promise; "print": with all that happens, on stderr. */
  mode?: "all" | "stop" | "print";
  /** Histories of that kind alone; of each some by default. */
  only?: HistoryKind | undefined;
  leftOut?: readonly string[];
}

/** Simulates histories in a process of its own, on the copy of the product in `folder`. */
export function simulate(folder: string, order: Order): Promise<Findings> {
  const { first, count, mode = "all", only = "", leftOut = [] } = order;
  const limitMs = Math.ceil(order.limitMs);
  const words = ["run", "-A", "--no-check", "--v8-flags=--allow-natives-syntax"]
    .concat("test/prove/simulation/main.ts")
    .concat([first, count, limitMs].map(String), only, mode, leftOut);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", mode === "print" ? "inherit" : "pipe"],
      timeout: limitMs + 120_000,
      killSignal: "SIGKILL",
    });
    let output = "";
    let errors = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => output += text);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => errors += text);
    child.on("error", reject);
    child.on("close", () => {
      try {
        resolve(JSON.parse(output));
      } catch {
        reject(new Error(`the simulation ended without a result: ${errors.slice(-2000)}`));
      }
    });
  });
}
