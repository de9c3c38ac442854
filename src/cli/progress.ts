import { escapeControls } from "./printable.ts";
import type { OutputStream } from "./streams.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Tells a person that, and for what, the program waits. */
export interface Progress {
  /** Starts or replaces the line. */
  show(text: string): void;
  /** Ends the live line, leaving its text as an ordinary one. */
  end(): Promise<void>;
}

/** True where nothing but text is wanted of a terminal: NO_COLOR, CI or TERM=dumb say so. */
export function isPlainWanted(env: Record<string, string | undefined>): boolean {
  return Boolean(env["CI"] || env["NO_COLOR"] || env["TERM"] === "dumb");
}

/**
 * A live line with a spinner on a terminal, a plain line per text elsewhere (and where CI, NO_COLOR
 * or TERM=dumb ask for plainness).
 */
export function startProgress(
  stream: OutputStream,
  env: Record<string, string | undefined>,
): Progress {
  const plain = isPlainWanted(env);
  let text: string | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  let frame = 0;
  let writing: Promise<void> = Promise.resolve();

  function put(line: string) {
    writing = writing.then(() => stream.write(line));
  }

  /** Writes in the place of the live line. */
  function replace(line: string) {
    writing = writing.then(() => stream.steer("\r\x1b[K", line));
  }

  return {
    show(next) {
      const whole = escapeControls(next);
      // a line that is wrapped can't be taken back, and fills the screen
      const room = plain || !stream.isTerminal ? Infinity : (stream.columns || 80) - 3;
      const shown = whole.length > room ? `${whole.slice(0, Math.max(room, 8) - 1)}…` : whole;
      if (shown === text) return;
      text = shown;
      if (plain || !stream.isTerminal) return put(`${text}\n`);
      clearInterval(timer);
      timer = setInterval(() => replace(`${frames[frame++ % frames.length]} ${text}`), 100);
    },
    async end() {
      clearInterval(timer);
      if (timer !== undefined) replace(`${text}\n`);
      timer = undefined;
      text = undefined;
      await writing;
    },
  };
}
