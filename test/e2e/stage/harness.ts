import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertDescribed } from "./described_output.ts";
import { removeFaketimeLeavings } from "./faketime_leavings.ts";
import { endProcessesOf } from "./own_processes.ts";
import { openNetwork } from "./own_network.ts";
import { OwnPort } from "./own_port.ts";
import { assertNoSecrets, withoutMasks } from "./secrets.ts";

const executable = fileURLToPath(new URL("../../../dist/hawser", import.meta.url));

/** True if the tests may change user, mount and leave the network. */
export const isRoot: boolean = process.getuid?.() === 0;

/** The user that stands for an ordinary one where the tests run as root. */
const nobody = { uid: 65534, gid: 65534 };

/** How a sandbox differs from the usual one. */
export interface SandboxOptions {
  /** Everything runs as a user without privileges; without root that is so anyway. */
  ordinaryUser?: boolean;
  /** Everything runs in a network of its own with nothing but loopback; needs root. */
  offline?: boolean;
  /** Added to the environment of all that runs. */
  env?: Record<string, string>;
}

export interface CallOptions {
  /** Added to the sandbox's environment; undefined takes a variable out. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  stdin?: string | Uint8Array;
  /** Calls the executable through a symlink of that name. */
  calledAs?: string;
  /** Standard output is meant to hold a token, so secrets are no leak there. */
  printsToken?: boolean;
  /** Standard error is meant to hold masks, so secrets are no leak in those lines. */
  printsMasks?: boolean;
}

export interface Outcome {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** A process of the executable that is under way. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
}

/**
 * A place where the executable runs without traces: folders of its own, a clean environment, and an
 * end to every process started here, detached ones too.
 */
export class Sandbox {
  /** Holds all else; its path in an environment marks the processes of this sandbox. */
  readonly folder: string;
  readonly dataHome: string;
  /** Codes and keys that are no longer on disk at the end, but must not have leaked either. */
  readonly secrets: string[] = [];
  readonly #options: SandboxOptions;
  readonly #outputs: string[] = [];
  readonly #children: ChildProcess[] = [];
  #network: ChildProcess | undefined;
  #ownPort: OwnPort | undefined;

  constructor(options: SandboxOptions = {}) {
    assert.ok(fs.existsSync(executable), `${executable} is missing: run "deno task build"`);
    this.#options = options;
    this.folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "hawser-e2e-"));
    this.dataHome = path.join(this.folder, "data");
    for (const name of ["home", "bin", "tmp"]) fs.mkdirSync(path.join(this.folder, name));
    if (this.#changesUser) {
      for (const name of ["", "home", "tmp"]) {
        fs.chownSync(path.join(this.folder, name), nobody.uid, nobody.gid);
      }
    }
    this.#provideExecutable();
  }

  /** Runs the executable to its end. */
  hawser(args: string[], options: CallOptions = {}): Promise<Outcome> {
    return this.start(args, options).ended;
  }

  /**
   * Runs the executable, and fails the test, with all that was printed, if its exit code is not 0.
   */
  async succeed(args: string[], options: CallOptions = {}): Promise<Outcome> {
    const outcome = await this.hawser(args, options);
    assert.equal(outcome.code, 0, `hawser ${args.join(" ")}\n${outcome.stdout}${outcome.stderr}`);
    return outcome;
  }

  /** Starts the executable and does not wait for it. */
  start(args: string[], options: CallOptions = {}): Running {
    const program = path.join(this.folder, "bin", options.calledAs ?? "hawser");
    if (!fs.existsSync(program)) fs.symlinkSync("hawser", program);
    const port = this.#portOption(args, options);
    const { process, ended } = this.#launch([program, ...args, ...port], options);
    return { process, ended: ended.then((outcome) => withDescribedOutput(args, outcome)) };
  }

  /** Runs another program as the executable is run: same user, network and environment. */
  run(program: string, args: string[], options: CallOptions = {}): Promise<Outcome> {
    return this.launch(program, args, options).ended;
  }

  /** Starts another program so, and does not wait for it. */
  launch(program: string, args: string[], options: CallOptions = {}): Running {
    return this.#launch([program, ...args], options);
  }

  /** Starts `controller run` and waits until it answers. */
  async startController(args: string[] = [], options: CallOptions = {}): Promise<Running> {
    const controller = this.start(["controller", "run", ...args], options);
    let ended: Outcome | undefined;
    controller.ended.then((outcome) => ended = outcome);
    while ((await this.hawser(["controller", "status"], options)).code !== 0) {
      if (ended !== undefined) assert.fail(`The controller ended: ${ended.code}\n${ended.stderr}`);
    }
    return controller;
  }

  /** Writes a file of the sandbox, its folders too, as the sandbox's user; returns its path. */
  write(file: string, content: string | Uint8Array, mode = 0o600): string {
    const target = path.join(this.folder, file);
    const made = fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    fs.writeFileSync(target, content, { mode });
    if (this.#changesUser) {
      spawnSync("chown", ["-R", `${nobody.uid}:${nobody.gid}`, made ?? target, target]);
    }
    return target;
  }

  read(file: string): string {
    return fs.readFileSync(path.join(this.folder, file), "utf8");
  }

  /** Ends every process, looks for leaked secrets, and removes the folder. */
  async end(): Promise<void> {
    try {
      for (const child of this.#children) child.kill("SIGKILL");
      endProcessesOf(this.folder);
      await Promise.all(this.#children.map(exited));
      assertNoSecrets(this.folder, this.#outputs, this.secrets);
    } finally {
      this.#network?.kill("SIGKILL");
      this.#ownPort?.release();
      fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** A first controller on the sandbox's own files gets a port that no other test takes from it. */
  #portOption(args: string[], options: CallOptions): string[] {
    if (!/^controller (start|run)$/.test(args.slice(0, 2).join(" "))) return [];
    const env = { ...this.#options.env, ...options.env };
    const isElsewhere = "HAWSER_DATA_HOME" in env || "KUBECONFIG" in env;
    const isChosen = args.some((arg) => arg.startsWith("--grant-port")) ||
      fs.existsSync(path.join(this.dataHome, "hawser/.controller/settings.json"));
    if (this.#options.offline || isElsewhere || isChosen) return [];
    this.#ownPort ??= new OwnPort();
    return ["--grant-port", String(this.#ownPort.port)];
  }

  get #changesUser(): boolean {
    return this.#options.ordinaryUser === true && isRoot;
  }

  /** The built executable may lie where an ordinary user can't reach it. */
  #provideExecutable(): void {
    const target = path.join(this.folder, "bin", "hawser");
    if (!this.#changesUser) return fs.symlinkSync(executable, target);
    try {
      fs.linkSync(executable, target);
    } catch {
      fs.copyFileSync(executable, target);
    }
  }

  #environment(): Record<string, string | undefined> {
    return {
      PATH: `${path.join(this.folder, "bin")}:${process.env["PATH"]}`,
      LANG: "C.UTF-8",
      HOME: path.join(this.folder, "home"),
      TMPDIR: path.join(this.folder, "tmp"),
      HAWSER_DATA_HOME: this.dataHome,
      SKUPPER_PLATFORM: "linux",
      SYSTEMD_OFFLINE: "1", // a machine's own systemd is not for tests
      ...this.#options.env,
    };
  }

  /** The words before the executable's that change network and user. */
  #prefix(): string[] {
    const prefix: string[] = [];
    if (this.#options.offline) {
      this.#network ??= openNetwork();
      prefix.push("nsenter", `--net=/proc/${this.#network.pid}/ns/net`);
    }
    if (this.#changesUser) {
      prefix.push("setpriv", `--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups");
    }
    return prefix;
  }

  #launch(words: string[], options: CallOptions): Running {
    if (words[0] === "faketime") removeFaketimeLeavings();
    const [command, ...rest] = [...this.#prefix(), ...words];
    const child = spawn(command!, rest, {
      cwd: options.cwd ?? this.folder,
      env: { ...this.#environment(), ...options.env },
      stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    this.#children.push(child);
    // A process may end without reading its standard input.
    child.stdin?.on("error", () => {}).end(options.stdin);
    return { process: child, ended: this.#collect(child, options) };
  }

  #collect(
    child: ChildProcess,
    { printsToken = false, printsMasks = false }: CallOptions,
  ): Promise<Outcome> {
    let stdout = "";
    let stderr = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        this.#outputs.push(
          printsMasks ? withoutMasks(stderr) : stderr,
          ...printsToken ? [] : [stdout],
        );
        resolve({ code, signal, stdout, stderr });
      });
    });
  }
}

/** The body of a test, in a sandbox that ends with it. */
export function inSandbox(
  body: (sandbox: Sandbox) => Promise<void> | void,
  options: SandboxOptions = {},
): () => Promise<void> {
  return async () => {
    const sandbox = new Sandbox(options);
    try {
      await body(sandbox);
    } finally {
      await sandbox.end();
    }
  };
}

/** A sandbox that the tests of a file share. */
export interface SharedSandbox {
  /** The body of a test in it. */
  use(body: (sandbox: Sandbox) => Promise<void> | void): () => Promise<void>;
  /** The file's last test: ends it, and so finds what any test before has leaked. */
  end(): Promise<void>;
}

/** A sandbox made, and made ready by `prepare`, for the first test that uses it. */
export function shareSandbox(
  prepare: (sandbox: Sandbox) => Promise<void>,
  options: SandboxOptions = {},
): SharedSandbox {
  let sandbox: Sandbox | undefined;
  let prepared: Promise<void> | undefined;
  return {
    use: (body) => async () => {
      sandbox ??= new Sandbox(options);
      await (prepared ??= prepare(sandbox));
      await body(sandbox);
    },
    end: async () => await sandbox?.end(),
  };
}

/** The outcome of a command; fails if its JSON is not what the reference says. */
function withDescribedOutput(args: string[], outcome: Outcome): Outcome {
  // what was cut off by a signal or a reader that went is no result
  if (outcome.code === 0 || outcome.stdout.endsWith("}\n") || outcome.stdout.endsWith("]\n")) {
    assertDescribed(args, outcome.stdout);
  }
  return outcome;
}

function exited(child: ChildProcess): Promise<void> | undefined {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  return new Promise((resolve) => child.once("exit", () => resolve()));
}
