import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { type Arch, refusePrefix } from "./prefix_comparison.ts";

/**
 * Variables that turn the executable into the runtime, give it options or open a debugger, whoever
 * they were set for.
 */
const variables = ["BUN_BE_BUN", "BUN_OPTIONS", "BUN_INSPECT"];

/** What a name begins with that nobody sets. */
const unset = Buffer.from([1, 1, 1]);

/** Variables that begin so steer the engine; nowhere has the runtime the whole of it as text. */
const enginePrefix = "BUN_JSC_";

/**
 * Copies the runtime's program to `copy`, in which it looks for none of those variables: no flag of
 * its compiler shuts them off. Throws where they are not found, since it has another way then.
 */
export function closeRuntime(program: string, copy: string, arch: Arch): void {
  const bytes = fs.readFileSync(program);
  for (const name of variables) {
    let at = bytes.indexOf(name);
    if (at < 0) throw new Error(`${program} does not name ${name}: see what it obeys in its place`);
    for (; at >= 0; at = bytes.indexOf(name, at)) unset.copy(bytes, at);
  }
  refusePrefix(bytes, enginePrefix, arch);
  fs.writeFileSync(copy, bytes, { mode: 0o755 });
}

/** Throws where an executable names a variable that its runtime looks for. */
export function checkClosed(executable: string): void {
  const bytes = fs.readFileSync(executable);
  const found = variables.filter((name) => bytes.includes(name));
  if (found.length > 0) throw new Error(`${executable} obeys ${found.join(", ")}`);
}
