import { Buffer } from "node:buffer";
import * as fs from "node:fs";

/**
 * Variables that turn the executable into the runtime, give it options or open a debugger, whoever
 * they were set for.
 */
const variables = ["BUN_BE_BUN", "BUN_OPTIONS", "BUN_INSPECT"];

/** What a name begins with that nobody sets. */
const unset = Buffer.from([1, 1, 1]);

/**
 * Copies the runtime's program to `copy`, in which it looks for none of those variables: no flag of
 * its compiler shuts them off. Throws where a name is not found, since it has another way then.
 */
export function closeRuntime(program: string, copy: string): void {
  const bytes = fs.readFileSync(program);
  for (const name of variables) {
    let at = bytes.indexOf(name);
    if (at < 0) throw new Error(`${program} does not name ${name}: see what it obeys in its place`);
    for (; at >= 0; at = bytes.indexOf(name, at)) unset.copy(bytes, at);
  }
  fs.writeFileSync(copy, bytes, { mode: 0o755 });
}
