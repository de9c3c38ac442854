import process from "node:process";
import { appError } from "../errors/app_error.ts";
import { explainSystemError, systemErrorCode } from "../runtime/system_error.ts";

/** A question that is answered by a line. */
export interface LineQuestion {
  isHidden: boolean;
  /** Writes the question. */
  ask(): Promise<void>;
}

/** Lines of stdin, one by one; see `World.readLine`. */
type LineReader = (question: LineQuestion, signal: AbortSignal) => Promise<string | undefined>;

type Ask = LineQuestion["ask"];

/** No answer is longer, in characters. */
const maxLineLength = 1024 * 1024;

/** Reads stdin line by line; what came with one line is kept for the next. */
export function lineReader(): LineReader {
  const decoder = new TextDecoder();
  let pending = "";

  async function more(signal: AbortSignal): Promise<boolean> {
    const chunk = await nextChunk(signal);
    if (chunk === undefined) return false;
    pending += decoder.decode(chunk, { stream: true });
    return pending.length <= maxLineLength;
  }

  async function readVisible(ask: Ask, signal: AbortSignal): Promise<string | undefined> {
    await ask();
    for (let isOpen = true;;) {
      const end = pending.indexOf("\n");
      if (end >= 0 || !isOpen) {
        const line = end < 0 ? pending : pending.slice(0, end);
        const isNone = end < 0 && line === "";
        pending = end < 0 ? "" : pending.slice(end + 1);
        return isNone ? undefined : line.replace(/\r$/, "");
      }
      isOpen = await more(signal);
    }
  }

  /** While a terminal hides a line, we have to edit it ourselves. */
  async function readHidden(ask: Ask, signal: AbortSignal): Promise<string | undefined> {
    let line = "";
    process.stdin.setRawMode(true); // before a quick hand answers
    try {
      await ask();
      for (;;) {
        while (pending !== "") {
          const key = String.fromCodePoint(pending.codePointAt(0)!);
          pending = pending.slice(key.length);
          if (key === "\r" || key === "\n") return line;
          if (key === "\x03") throw appError("interrupted", {});
          if (key === "\x04" && line === "") return undefined;
          if (key === "\x7f" || key === "\b") line = Array.from(line).slice(0, -1).join("");
          else if (key === "\x15") line = "";
          else if (key >= " ") line += key;
        }
        if (!await more(signal)) return line === "" ? undefined : line;
      }
    } finally {
      process.stdin.setRawMode(false);
    }
  }

  return ({ isHidden, ask }, signal) =>
    isHidden && process.stdin.isTTY === true ? readHidden(ask, signal) : readVisible(ask, signal);
}

/** The error of a standard input that is a folder, or a file that may not be read. */
export function unreadableInput(cause: unknown): unknown {
  if (systemErrorCode(cause) === undefined) return cause;
  return appError("not-readable", { path: "standard input", why: explainSystemError(cause) }, {
    cause,
  });
}

/** What comes next on stdin, undefined at its end. */
async function nextChunk(signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await nextOf(process.stdin, signal);
  } catch (error) {
    throw signal.aborted ? error : unreadableInput(error);
  }
}

function nextOf(
  stdin: typeof process.stdin,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (stdin.destroyed || stdin.readableEnded) return resolve(undefined);
    const onData = (chunk: Uint8Array) => settle(() => resolve(chunk));
    const onEnd = () => settle(() => resolve(undefined));
    const onAbort = () => settle(() => reject(signal.reason));
    function settle(then: () => void) {
      stdin.pause();
      stdin.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onEnd);
      signal.removeEventListener("abort", onAbort);
      then();
    }
    signal.addEventListener("abort", onAbort, { once: true });
    stdin.on("end", onEnd).on("close", onEnd).on("error", onEnd).on("data", onData);
    stdin.resume();
  });
}
