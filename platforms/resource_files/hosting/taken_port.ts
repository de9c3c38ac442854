import { readFile } from "node:fs/promises";
import type { ControllerHost } from "../../../src/platform/abilities.ts";
import { type ControllerFiles, readSettings } from "./controller_files.ts";

/** Listening, as the kernel writes it in its lists of TCP sockets. */
const listening = "0A";

/**
 * The host, whose status tells of the port that grants name, where another program has taken that
 * since its controller ended: it can't be started there.
 */
export function tellingTakenPort(host: ControllerHost, files: ControllerFiles): ControllerHost {
  return {
    start: (options, signal) => host.start(options, signal),
    restart: (options, signal) => host.restart(options, signal),
    stop: (signal) => host.stop(signal),
    async status(signal) {
      const status = await host.status(signal);
      const { grantPort } = status.running ? {} : await readSettings(files);
      if (grantPort === undefined || !await isListenedOn(grantPort)) return status;
      return { ...status, running: false, takenPort: grantPort };
    },
  };
}

/** Reads it, rather than try to listen: that would be in the way of a controller that starts. */
async function isListenedOn(port: number): Promise<boolean> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const list of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(list, "latin1").catch(() => ""); // not on every system
    for (const line of text.split("\n")) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state === listening && local?.endsWith(wanted)) return true;
    }
  }
  return false;
}
