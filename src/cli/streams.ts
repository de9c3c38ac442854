import { Buffer } from "node:buffer";
import {
  constants,
  fstatSync,
  readFileSync,
  readlinkSync,
  statSync,
  write,
  writeSync,
} from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { appError } from "../errors/app_error.ts";
import { type LineQuestion, lineReader, unreadableInput } from "./line_reader.ts";
import { escapeUnprintable } from "./printable.ts";
import { isStdoutInherited } from "./reveal.ts";
import { abortableAfter } from "../runtime/abortable.ts";
import { becomeProgram } from "../runtime/become.ts";
import { explainSystemError, systemErrorCode } from "../runtime/system_error.ts";

/** What a pipe takes at once, whoever reads it (PIPE_BUF of Linux), in bytes. */
const surelyTakenBytes = 4096;

/** How long readers are waited for once the program is to end, in milliseconds. */
const lastWordsMs = 1000;

/** An output stream. All output goes through it, and it lets nothing unprintable through. */
export interface OutputStream {
  /**
   * Resolves once the text is handed over; waits for slow readers, ignores a reader that left.
   * Rejects with `not-writable` where a result can't be kept.
   */
  write(text: string): Promise<void>;
  /** The same for what must not be lost: a reader that left is `not-writable` too. */
  deliver(text: string): Promise<void>;
  /** The same as `write`, behind a sequence of our own that steers a terminal. */
  steer(sequence: string, text: string): Promise<void>;
  readonly isTerminal: boolean;
  /** How many characters a line of the terminal holds, where it is one. */
  readonly columns?: number | undefined;
  /** True if it goes where the output of who started the program does. */
  readonly isInherited?: boolean;
  /** True if it leads to a file or to /dev/null. */
  readonly isDiverted?: boolean;
}

/** The outside of one run of the program: tests hand in their own. */
export interface World {
  readonly args: string[];
  /** The name the program was called by: hawser, or the symlink's. */
  readonly program: string;
  /** The words that start this program again. */
  readonly executable: string[];
  readonly env: Record<string, string | undefined>;
  /**
   * All of stdin, up to `maxBytes` (more is cut off one byte later, so that a check sees it).
   * Rejects with the signal's reason when it aborts.
   */
  stdin(maxBytes: number, signal: AbortSignal): Promise<Uint8Array>;
  readonly stdinIsTerminal: boolean;
  /**
   * The next line of stdin without its end, undefined where there is none, once `ask` is done;
   * `isHidden` keeps a terminal from showing it. Rejects with the signal's reason when it aborts,
   * and with `interrupted`.
   */
  readLine(question: LineQuestion, signal: AbortSignal): Promise<string | undefined>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborts with `interrupted` on Ctrl-C and with `terminated` on SIGTERM. */
  readonly interrupts: AbortSignal;
  /** Becomes another program, with these arguments and this environment: `becomeProgram`. */
  become(program: string, more: Record<string, string>): Promise<number>;
}

/** The world of this process. */
export function processWorld(): World {
  const script = process.argv[1] ?? "";
  const compiled = script.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN/.test(script);
  const interrupts = listenForSignals();
  const given = { ...process.env };
  // where it is set for other programs, the runtime warns of it on stderr; each of our connections
  // says itself whom it trusts
  delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  const called = basename(process.argv0).replace(/\.exe$/i, "");
  return {
    args: process.argv.slice(2),
    // installers of jf make both names
    program: compiled && called !== "" ? called.replace(/^jfrog$/, "jf") : "hawser",
    executable: compiled ? [process.execPath] : startedFromSource(script),
    env: process.env,
    stdin: readStdin,
    get stdinIsTerminal() {
      // node:tty costs a start too much
      return mayBeTerminal(0) && process.stdin.isTTY === true;
    },
    readLine: lineReader(),
    stdout: outputStream("stdout", interrupts),
    stderr: outputStream("stderr", interrupts),
    interrupts,
    become: (program, more) => becomeProgram(program, process.argv.slice(2), { ...given, ...more }),
  };
}

/** Deno tells a program neither `run` nor the permissions it was started with. */
function startedFromSource(script: string): string[] {
  const options = "deno" in process.versions ? ["run", "-A"] : process.execArgv;
  return [process.execPath, ...options, script];
}

/**
 * Opens the stream when it is first needed: that costs a start more than reading its command line.
 */
function outputStream(name: "stdout" | "stderr", interrupts: AbortSignal): OutputStream {
  let opened: NodeJS.WriteStream | undefined;
  function open(): NodeJS.WriteStream {
    // A reader that closes its end (`hawser … | head -1`) is no failure.
    return opened ??= process[name].on("error", () => {});
  }
  const descriptor = name === "stdout" ? 1 : 2;
  let isGivenUp = false;
  return {
    get isTerminal() {
      return mayBeTerminal(descriptor) && open().isTTY === true;
    },
    get columns() {
      // a terminal that was never told its size says 0, as those of pipelines do
      return mayBeTerminal(descriptor) ? open().columns || undefined : undefined;
    },
    get isInherited() {
      return name === "stdout" && isStdoutInherited();
    },
    get isDiverted() {
      return fstatSync(descriptor).isFile() || isNull(descriptor);
    },
    write: (text) => unlessLeft(put(escapeUnprintable(text))),
    async deliver(text) {
      if (wasClosed(descriptor)) throw unwritable(new Error("it is closed"));
      await put(escapeUnprintable(text));
    },
    steer: (sequence, text) => unlessLeft(put(sequence + escapeUnprintable(text))),
  };

  /** Awaits the reader, but not for long once the program is to end. */
  async function put(text: string): Promise<void> {
    try {
      if (isGivenUp) throw interrupts.reason;
      await abortableAfter(handOver(text), interrupts, lastWordsMs);
    } catch (error) {
      isGivenUp ||= error === interrupts.reason;
      // what can't be said of the end does not keep it
      if (name === "stdout" || !isGivenUp) throw error;
    }
  }

  async function handOver(text: string): Promise<void> {
    const rest = name === "stdout" ? await writeNow(descriptor, text) : text;
    if (rest.length === 0) return;
    const failure = await new Promise<unknown>((resolve) => open().write(rest, resolve));
    if (name === "stdout" && failure) throw unwritable(failure);
  }
}

/** Takes it for no failure that the reader has left. */
async function unlessLeft(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (systemErrorCode((error as Error).cause) !== "EPIPE") throw error;
  }
}

/**
 * False where it surely is none, as /dev/null; asking the stream itself would open it, and that
 * costs a start 2 ms.
 */
function mayBeTerminal(descriptor: number): boolean {
  return fstatSync(descriptor).isCharacterDevice() && !isNull(descriptor);
}

function isNull(descriptor: number): boolean {
  const file = fstatSync(descriptor);
  return file.isCharacterDevice() &&
    file.rdev === statSync("/dev/null", { throwIfNoEntry: false })?.rdev;
}

/**
 * True for an output that was closed when the program started (`>&-`). The runtime opens /dev/null
 * in its place, for reading too, which no shell does. Known on Linux only.
 */
function wasClosed(descriptor: number): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${descriptor}`) !== "/dev/null") return false;
    const [, flags] = /^flags:\s*([0-7]+)$/m.exec(
      readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"),
    ) ?? [];
    return flags !== undefined && (parseInt(flags, 8) & constants.O_RDWR) !== 0;
  } catch {
    return false;
  }
}

function unwritable(cause: unknown) {
  return appError("not-writable", { path: "standard output", why: explainSystemError(cause) }, {
    cause,
  });
}

/**
 * Writes to a descriptor without its stream. Returns the part that it does not take yet. Throws
 * `not-writable`.
 */
async function writeNow(descriptor: number, text: string): Promise<Uint8Array> {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    if (bytes.length <= surelyTakenBytes) done += writeSync(descriptor, bytes);
    while (done < bytes.length) done += await writeAside(descriptor, bytes, done);
  } catch (cause) {
    if (systemErrorCode(cause) === "EAGAIN") return bytes.subarray(done);
    throw unwritable(cause);
  }
  return bytes.subarray(done);
}

/** Writes where a reader that takes its time keeps no signal from being heard. */
function writeAside(descriptor: number, bytes: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, offset, bytes.length - offset, null, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

async function readStdin(maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // destroying the stream is all that ends a read of a terminal on every runtime
  const stop = () => process.stdin.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  } catch (error) {
    throw signal.aborted ? error : unreadableInput(error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all.subarray(0, maxBytes + 1);
}

function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    // The second Ctrl-C means it: cleaning up is not waited for.
    if (controller.signal.aborted) process.exit(130);
    controller.abort(appError("interrupted", {}));
  });
  process.on("SIGTERM", () => controller.abort(appError("terminated", {})));
  return controller.signal;
}
