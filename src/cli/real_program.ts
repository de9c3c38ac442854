import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import process from "node:process";
import { appError } from "../errors/app_error.ts";
import { explainSystemError } from "../runtime/system_error.ts";
import type { World } from "./streams.ts";

/** A program whose name we go by. */
interface RealProgram {
  /** The variable that names it, or says `auto`; unset, nothing is handed over. */
  variable: string;
  /** The names it has. */
  names: string[];
}

const realPrograms: Record<string, RealProgram> = {
  jf: { variable: "HAWSER_REAL_JF", names: ["jf", "jfrog"] },
  skupper: { variable: "HAWSER_REAL_SKUPPER", names: ["skupper"] },
};

/** How often a command line was handed over on its way to us. */
const countVariable = "HAWSER_HANDED_OVER";

/** No more often than that: a program that calls itself through us does so a few times. */
const mostTimes = 8;

/** The variable that names the real program of the name we are called by, where there is one. */
export function realProgramVariable(called: string): string | undefined {
  return realPrograms[called]?.variable;
}

/** True if commands that are not here are to be handed to the real program. */
export function isHandedOver({ program, env }: World): boolean {
  const variable = realProgramVariable(program);
  return variable !== undefined && Boolean(env[variable]);
}

/**
 * Hands the whole command line to the real program: arguments, streams, signals and exit code are
 * its own. Never resolves where it can take our place, else to its exit code. Throws
 * `invalid-value` and `real-program-unusable`.
 */
export async function handOver(world: World): Promise<number> {
  const { variable, names } = realPrograms[world.program]!;
  const named = world.env[variable]!;
  const [us] = world.executable;
  const times = Number(world.env[countVariable]) || 0;
  const unusable = (program: string, why: string, cause?: unknown) =>
    appError("real-program-unusable", { program, why, variable }, { cause });
  if (named !== "auto" && !isAbsolute(named)) {
    const wanted = "auto, or the absolute path of a program";
    throw appError("invalid-value", { name: variable, value: named, wanted });
  }
  const program = named === "auto" ? nextInPath(names, world.env["PATH"], us!) : named;
  if (program === undefined) {
    throw unusable(`the next ${names[0]} in PATH`, "there is none but hawser");
  }
  if (isSame(program, us!)) throw unusable(program, "that is hawser");
  if (times >= mostTimes) throw unusable(program, "it leads back to hawser");
  try {
    return await world.become(program, { [countVariable]: String(times + 1) });
  } catch (cause) {
    throw unusable(program, explainSystemError(cause), cause);
  }
}

/** The first program of such a name behind ours in PATH, else before it, that is not us. */
function nextInPath(names: string[], path = "", us: string): string | undefined {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  for (const name of names) {
    const file = process.platform === "win32" ? `${name}.exe` : name;
    const found = folders.map((folder) => join(folder, file)).filter(isProgram);
    const ours = found.findIndex((program) => isSame(program, us));
    const next = [...found.slice(ours + 1), ...found].find((program) => !isSame(program, us));
    if (next !== undefined) return next;
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** True for two names of one file, links of any kind among them. */
function isSame(one: string, other: string): boolean {
  try {
    const [a, b] = [one, other].map((file) => statSync(file, { bigint: true }));
    return a!.dev === b!.dev && a!.ino === b!.ino;
  } catch {
    return false;
  }
}
