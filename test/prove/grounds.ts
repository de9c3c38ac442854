import { Buffer } from "node:buffer";
import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { unpack } from "../../platforms/kubernetes/controller/ledger_text.ts";
import { open } from "../../platforms/linux/mod.ts";
import { LedgerFiles } from "../../platforms/resource_files/serving/ledger_files.ts";
import type { Ledger } from "../../src/grant_service/ledger/ledger.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import type { UsableToken } from "../../src/token/token_file.ts";
import { Cluster, type Replica } from "../e2e/stage/cluster.ts";
import { eventually } from "../e2e/stage/eventually.ts";
import type { Running, Sandbox } from "../e2e/stage/harness.ts";
import { findQuietPort } from "../e2e/stage/quiet_port.ts";
import { RoundRobin } from "../e2e/stage/round_robin.ts";
import { linkAccess } from "../e2e/stage/sites.ts";
import type { Ground, IssuedGrant } from "./real_histories.ts";

const signal = new AbortController().signal;

/** How long a controller lives until something befalls it, in milliseconds. */
const liveMs = [700, 2500] as const;

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
export async function groundOfFiles(sandbox: Sandbox): Promise<Ground & { end(): Promise<void> }> {
  const port = await findQuietPort();
  const run = ["controller", "run", "--grant-port", port];
  await sandbox.succeed(["site", "create", "west", "-n", "west", ...linkAccess]);
  let running: Running = sandbox.start(run);
  let isFailed = false;
  const platform = await open({
    ...{
      namespace: "west",
      context: undefined,
      kubeconfig: undefined,
      executable: [],
      version: "0",
    },
    env: { HAWSER_DATA_HOME: sandbox.dataHome },
  });
  const end = async () => {
    const pid = running.process.pid!;
    // strace leaves behind what it traces
    const children = `/proc/${pid}/task/${pid}/children`;
    const traced = fs.existsSync(children) ? fs.readFileSync(children, "utf8").split(" ") : [];
    for (const child of traced.filter((each) => each !== "")) {
      process.kill(Number(child), "SIGKILL");
    }
    running.process.kill("SIGKILL");
    // a disk that fails from the start is a reason to end by itself
    const { signal, stderr } = await running.ended;
    if (signal !== "SIGKILL" && !isFailed) {
      throw new Error(`the controller ended by itself: ${stderr}`);
    }
  };
  return {
    port: Number(port),
    end,
    async issue(name, uses) {
      await platform.apply<"AccessGrant">(grantOf(name, uses), signal);
      return await awaitGrant(() => platform.get("AccessGrant", name, signal));
    },
    async ledgerOf(uid) {
      const state = path.join(sandbox.dataHome, "hawser", "west");
      for (const site of fs.readdirSync(state)) {
        const ledgers = new LedgerFiles(
          "west",
          () => Promise.resolve(path.join(state, site, "ledgers")),
        );
        const stored = await ledgers.read(uid);
        if (stored !== undefined) return stored.ledger;
      }
      return undefined;
    },
    forget: (name) => platform.remove("AccessGrant", name, signal),
    async trouble(isOver, note) {
      while (!isOver()) {
        await new Promise((resolve) => setTimeout(resolve, randomInt(...liveMs)));
        await end();
        const names = Object.keys(wrappers);
        const name = names[randomInt(4) === 0 ? randomInt(names.length) : 0]!;
        const [wrapper, ...words] = wrappers[name]!;
        note(name);
        isFailed = wrapper !== undefined;
        running = wrapper === undefined
          ? sandbox.start(run)
          : sandbox.launch(wrapper, [...words, "hawser", ...run]);
      }
    },
  };
}

/** Three replicas behind a balancer, at an API server of their own. */
export async function groundOfCluster(): Promise<Ground & { end(): Promise<void> }> {
  const cluster = await Cluster.open();
  const balancer = await RoundRobin.start();
  const west = await cluster.createSite("west", "--enable-link-access");
  const replicas: Replica[] = [];
  const start = async (place: number) => {
    replicas[place] = await cluster.startController(`--expose=127.0.0.1:${balancer.port}`);
    balancer.ports[place] = replicas[place].grantPort;
  };
  for (let place = 0; place < 3; place++) await start(place);
  return {
    port: balancer.port,
    async end() {
      await balancer.close();
      await cluster.end();
    },
    async issue(name, uses) {
      await cluster.create(west, { ...grantOf(name, uses) });
      return await awaitGrant(() => cluster.read("AccessGrant", west, name));
    },
    async ledgerOf(uid): Promise<Ledger | undefined> {
      const { data } = await cluster.read("Secret", west, `hawser-ledger-${uid}`) ?? {};
      const text = data?.["ledger"];
      return text === undefined ? undefined : await unpack(Buffer.from(text, "base64")) as Ledger;
    },
    forget: (name) => cluster.remove("AccessGrant", west, name),
    async trouble(isOver, note) {
      for (let turn = 0; !isOver(); turn++) {
        await new Promise((resolve) => setTimeout(resolve, randomInt(...liveMs)));
        const place = turn % replicas.length;
        const { process: { pid }, ended } = replicas[place]!.running;
        if (turn % 4 === 3) {
          note("a replica is stopped for a while (SIGSTOP)");
          process.kill(pid!, "SIGSTOP");
          await new Promise((resolve) => setTimeout(resolve, 1500));
          process.kill(pid!, "SIGCONT");
          continue;
        }
        note("a replica is killed");
        process.kill(pid!, "SIGKILL");
        await ended;
        await start(place);
      }
    },
  };
}

function grantOf(name: string, uses: number): AccessGrant {
  return {
    apiVersion,
    kind: "AccessGrant",
    metadata: { name },
    spec: { redemptionsAllowed: uses, expirationWindow: "15m" },
  };
}

/** The token of a grant, once it can be redeemed. */
async function awaitGrant(read: () => Promise<AccessGrant | undefined>): Promise<IssuedGrant> {
  let grant: AccessGrant | undefined;
  await eventually(async () => {
    grant = await read().catch(() => undefined);
    const { url, code, ca, expirationTime } = grant?.status ?? {};
    return [url, code, ca, expirationTime].every((each) => each !== undefined);
  }, () => "the grant is not ready");
  const { metadata: { name, uid }, status } = grant!;
  const { url, code, ca } = status!;
  const spec = { url: url!, code: code!, ca: ca! };
  const token = { apiVersion, kind: "AccessToken", metadata: { name }, spec } as UsableToken;
  return { token, uid: uid!, expiresAt: Date.parse(status!.expirationTime!) };
}
