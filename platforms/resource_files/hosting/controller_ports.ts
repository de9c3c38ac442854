import type { ControllerSetup } from "../../../src/controller/controller_setup.ts";
import type { LocalRunOptions } from "../../../src/platform/controller_options.ts";
import { type ControllerFiles, readSettings } from "./controller_files.ts";

/** The port of the grant service, and how many above it are tried where none is fixed yet. */
const firstPort = 9090;
const portsTried = 100;

/**
 * The port that grants issued before name, or those to choose from. The operations port of before
 * is preferred, and given up where it is taken: no token names it.
 */
export async function choosePorts(
  files: ControllerFiles,
  options: LocalRunOptions,
): Promise<Pick<ControllerSetup, "ports" | "operations">> {
  const before = await readSettings(files);
  const fixed = options.grantPort ?? before.grantPort;
  const kept = before.operationsPort === undefined ? [] : [before.operationsPort];
  return {
    ports: fixed === undefined
      ? Array.from({ length: portsTried }, (_, i) => firstPort + i)
      : [fixed],
    operations: {
      host: "127.0.0.1",
      ports: options.operationsPort === undefined ? [...kept, 0] : [options.operationsPort],
    },
  };
}
