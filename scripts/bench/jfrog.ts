import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { type Figure, goal, median } from "./figure.ts";
import { programWords } from "./load.ts";
import { measureCommands } from "./processes.ts";

const rounds = 60;

/**
 * How long `access-token-create` takes, as a whole process, at a server on this machine, and how
 * much memory; beside an executable that does nothing, and beside `version`.
 */
export async function measureJfrog(hawser: string, nothing: string): Promise<Figure[]> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-bench-jfrog-"));
  // what the server takes for its part of the handshake and its answer is in the figure too
  const [program, file] = programWords("jfrog_server.ts");
  const server = spawn(program, [file, home], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [url = "", token = ""] = await firstLines(server.stdout!);
    // what else the environment names, proxies and authorities, is not the program's to answer for
    const { PATH } = process.env;
    const env = { PATH, JFROG_CLI_HOME_DIR: home, JFROG_CLI_ACCESS_TOKEN: token };
    const atc = [hawser, "atc", "--url", url];
    const [base, version, create] = measureCommands(
      {
        "an executable that does nothing": [nothing],
        "hawser version": [hawser, "version"],
        "hawser access-token-create": atc,
      },
      rounds,
      env,
    );
    return [
      { name: base!.name, value: `${base!.ms.toFixed(1)} ms` },
      {
        name: version!.name,
        value: `${version!.ms.toFixed(1)} ms`,
        comparison: `${(version!.ms - base!.ms).toFixed(1)} ms more`,
        goal: goal(version!.ms - base!.ms, "at most", 8, " ms more"),
      },
      {
        name: create!.name,
        value: `${create!.ms.toFixed(1)} ms`,
        comparison: `${(create!.ms / base!.ms).toFixed(1)} times doing nothing`,
        // jf took 49 ms where doing nothing took 3
        goal: goal(create!.ms / base!.ms, "at most", 8.2, " times, half of what jf takes"),
      },
      ...memoryFigures(nothing, atc, env),
    ];
  } finally {
    server.kill();
    fs.rmSync(home, { recursive: true, force: true });
  }
}

/** The most memory each has resident, as GNU time tells it; nothing where that is missing. */
function memoryFigures(
  nothing: string,
  atc: string[],
  env: Record<string, string | undefined>,
): Figure[] {
  const program = "/usr/bin/time";
  if (!fs.existsSync(program)) return [];
  const peak = (words: string[]) =>
    median(Array.from({ length: 9 }, () => {
      const { stderr } = spawnSync(program, ["-f", "%M", ...words], { env, encoding: "utf8" });
      return Number(stderr.trim().split("\n").at(-1)) / 1024;
    }));
  const [least, most] = [peak([nothing]), peak(atc)];
  return [{
    name: "peak memory of hawser access-token-create",
    value: `${most.toFixed(0)} MB`,
    comparison: `${(most - least).toFixed(0)} MB more than doing nothing`,
  }];
}

async function firstLines(stream: NodeJS.ReadableStream): Promise<string[]> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    text += chunk;
    if (text.endsWith("\n\n")) break;
  }
  return text.split("\n");
}
