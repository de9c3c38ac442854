import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import type { AppError } from "../../src/errors/app_error.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { namespacePaths } from "../../platforms/resource_files/paths.ts";
import { FileStore } from "../../platforms/resource_files/store/store.ts";

/** A store of resource files in that data home, its site taken as given. */
export function openTestStore(home: string, onProblem?: (problem: AppError) => void): Platform {
  return new FileStore("linux", namespacePaths(home, "west"), {
    siteUid: () => Promise.resolve("e0c0de5a-0000-8000-8000-000000000000"),
    deriveStatus: () => Promise.resolve(undefined),
    ...(onProblem && { onProblem }),
  });
}

/** Runs store_process.ts on the runtime this runs on. */
export function spawnStoreProcess(home: string, ...task: string[]) {
  const script = join(import.meta.dirname!, "store_process.ts");
  const run = process.versions["deno"] === undefined ? [] : ["run", "-A"];
  return spawn(process.execPath, [...run, script, home, ...task], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}
