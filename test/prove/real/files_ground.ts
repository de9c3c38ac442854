import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { open } from "../../../platforms/linux/mod.ts";
import { LedgerFiles } from "../../../platforms/resource_files/serving/ledger_files.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { Running, Sandbox } from "../../e2e/stage/harness.ts";
import { findQuietPort } from "../../e2e/stage/quiet_port.ts";
import { linkAccess } from "../../e2e/stage/sites.ts";
import { type Ground, insist, leaveAlone } from "./ground.ts";
import { Lookout } from "./lookout.ts";
import { awaitListening, killAll, signalAll, startUnder } from "./running.ts";

/** How long a controller lives until something befalls it, and stands still, in milliseconds. */
const liveMs = [1500, 5000] as const;
const standStillMs = [200, 1500] as const;

/** What a controller of files is run under: programs that make the system fail it, or lie to it. */
const wrappers: Record<string, string[]> = {
  "killed": [],
  "fsync fails (strace), killed": [
    ..."strace -f -qq -o /dev/null -e trace=fdatasync,fsync".split(" "),
    ..."-e inject=fdatasync,fsync:error=EIO:when=5+7".split(" "),
  ],
  "writes find the disk full (strace), killed": [
    ..."strace -f -qq -o /dev/null -e trace=pwrite64".split(" "),
    ..."-e inject=pwrite64:error=ENOSPC:when=5+9".split(" "),
  ],
  "a clock is two minutes ahead (faketime), killed": ["faketime", "-f", "+120s"],
};

/** The executable on resource files of this machine. */
export async function groundOfFiles(sandbox: Sandbox): Promise<Ground> {
  const port = await findQuietPort();
  const run = ["controller", "run", "--grant-port", port];
  await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
  await sandbox.succeed(["site", "create", "east", "-n", "east"]);
  let running: Running = sandbox.start(run);
  const west = await openNamespace(sandbox, "west");
  const east = await openNamespace(sandbox, "east");
  let isFailed = false;
  let files = 0;
  const tokens = new Lookout(east, "AccessToken");
  const end = async () => {
    // a disk that fails from the start is a reason to end by itself
    const { signal, stderr } = await killAll(running);
    if (signal !== "SIGKILL" && !isFailed) {
      throw new Error(`the controller ended by itself: ${stderr}`);
    }
  };
  return {
    ports: () => [Number(port)],
    west,
    east,
    grants: new Lookout(west, "AccessGrant"),
    tokens,
    ledgers: ledgersOf(sandbox.dataHome, "west"),
    end,
    forget: (name) => insist((signal) => west.remove("AccessGrant", name, signal)),
    redeem(text, wrapper) {
      const file = `redeem-${++files}.yaml`;
      sandbox.write(file, text);
      const redeem = ["token", "redeem", file, "-n", "east", "--timeout", "20s"];
      return startUnder(sandbox, wrapper, redeem);
    },
    async trouble(isOver, note) {
      while (!isOver()) {
        await new Promise((resolve) => setTimeout(resolve, randomInt(...liveMs)));
        await leaveAlone(tokens);
        if (randomInt(5) === 0) {
          note("stopped for a while (SIGSTOP)");
          signalAll(running, "SIGSTOP");
          await new Promise((resolve) => setTimeout(resolve, randomInt(...standStillMs)));
          signalAll(running, "SIGCONT");
          continue;
        }
        await end();
        const names = Object.keys(wrappers);
        const name = names[randomInt(4) === 0 ? randomInt(names.length) : 0]!;
        note(name);
        isFailed = wrappers[name]!.length > 0;
        running = startUnder(sandbox, wrappers[name]!, run);
        await awaitListening(running);
      }
    },
  };
}

async function openNamespace(sandbox: Sandbox, namespace: string): Promise<Platform> {
  return await open({
    namespace,
    context: undefined,
    kubeconfig: undefined,
    executable: [],
    version: "0",
    env: { HAWSER_DATA_HOME: sandbox.dataHome },
  });
}

/** The ledgers of a namespace, whichever of its sites they are of. */
export function ledgersOf(dataHome: string, namespace: string): Ground["ledgers"] {
  const state = path.join(dataHome, "hawser", namespace);
  return {
    async read(uid) {
      for (const site of fs.readdirSync(state)) {
        const folder = path.join(state, site, "ledgers");
        const stored = await new LedgerFiles(namespace, () => Promise.resolve(folder)).read(uid);
        if (stored !== undefined) return stored;
      }
      return undefined;
    },
  };
}
