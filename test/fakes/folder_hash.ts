import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";

/** One value for all that is in a folder: names, permissions, times of change and contents. */
export function hashFolder(folder: string): string {
  const hash = createHash("sha256");
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    const path = join(folder, name);
    const { mode, mtimeMs } = fs.lstatSync(path);
    hash.update(`${name} ${mode} ${mtimeMs}\n`);
    if (fs.statSync(path).isFile()) hash.update(fs.readFileSync(path));
  }
  return hash.digest("hex");
}
