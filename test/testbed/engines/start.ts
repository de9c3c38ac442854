import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { request } from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { ServerProcess } from "../server_process.ts";
import { dockerProgram, type EngineProgram, podmanProgram } from "./programs.ts";

/** How an engine for tests differs from the usual one. */
export interface EngineOptions {
  /** So much fits on its disk, in bytes. */
  diskBytes?: number;
  /** Podman runs as a user without privileges. */
  rootless?: boolean;
}

/** A real container engine, with images, containers and a socket of its own. */
export interface EngineTestbed {
  readonly name: EngineName;
  readonly socket: string;
  /** Holds all files of the engine. */
  readonly folder: string;
  /**
   * What the engine answers to a call of its API, as JSON where it is that; fails if it refuses.
   */
  call(method: string, path: string): Promise<unknown>;
  /** Ends the engine and what runs in its containers; Docker's run again with `restart`. */
  interrupt(): Promise<void>;
  restart(): Promise<void>;
  /** Ends the engine, and removes all that it leaves behind. */
  stop(): Promise<void>;
}

export type EngineName = "docker" | "podman";

/** Starts an engine; needs what `missingForEngine` names. */
export async function startEngine(
  name: EngineName,
  { diskBytes, rootless = false }: EngineOptions = {},
): Promise<EngineTestbed> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `hawser-${name}-`));
  const data = path.join(folder, "data");
  fs.mkdirSync(data);
  if (diskBytes !== undefined) mount(data, diskBytes);
  function removeFolder() {
    for (const mounted of mountsBelow(folder)) spawnSync("umount", ["--lazy", mounted]);
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  process.once("exit", removeFolder);
  const socket = path.join(folder, "engine.sock");
  const program = name === "docker"
    ? dockerProgram(folder, socket)
    : podmanProgram(folder, socket, rootless);
  const testbed = new Testbed(name, folder, socket, program);
  const stop = testbed.stop.bind(testbed);
  testbed.stop = async () => {
    await stop();
    process.off("exit", removeFolder);
    removeFolder();
  };
  try {
    await testbed.restart();
  } catch (error) {
    await testbed.stop();
    throw error;
  }
  return testbed;
}

class Testbed implements EngineTestbed {
  readonly name: EngineName;
  readonly folder: string;
  readonly socket: string;
  readonly #program: EngineProgram;
  #server: ServerProcess | undefined;

  constructor(name: EngineName, folder: string, socket: string, program: EngineProgram) {
    this.name = name;
    this.folder = folder;
    this.socket = socket;
    this.#program = program;
  }

  async restart(): Promise<void> {
    const { words: [program, ...args], env, end } = this.#program;
    const log = path.join(this.folder, "log");
    this.#server = new ServerProcess(program!, args, log, { env, end });
    await this.#server.waitUntil(async () =>
      (await ask(this.socket, "GET", "/_ping")).status === 200
    );
  }

  async call(method: string, path: string): Promise<unknown> {
    const { status, text } = await ask(this.socket, method, `/v1.41${path}`);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return /^[[{]/.test(text) ? JSON.parse(text) : text;
  }

  async interrupt(): Promise<void> {
    await this.#server?.end();
  }

  async stop(): Promise<void> {
    await this.interrupt();
  }
}

function mount(folder: string, bytes: number): void {
  const args = ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder];
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`No disk for the engine: ${stderr}`);
}

/** Where file systems are mounted in the folder, inner ones first: engines leave some behind. */
function mountsBelow(folder: string): string[] {
  return fs.readFileSync("/proc/mounts", "utf8").split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mounted) => mounted.startsWith(`${folder}/`))
    .reverse();
}

function ask(
  socketPath: string,
  method: string,
  path: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
    }).on("error", reject).end();
  });
}
