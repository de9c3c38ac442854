import { isPlainWanted } from "./progress.ts";
import type { OutputStream } from "./streams.ts";

const green = "\x1b[32m";
const yellow = "\x1b[33m";
const red = "\x1b[31m";
const reset = "\x1b[0m";

/** What a state means to who looks for what is wrong. */
const colours: Record<string, string> = {
  ok: green,
  Ready: green,
  Redeemed: green,
  running: green,
  note: yellow,
  warning: yellow,
  Pending: yellow,
  Expired: yellow,
  "Used up": yellow,
  error: red,
  Error: red,
  problem: red,
  "not running": red,
};

/** A state that is a whole cell of a table or of a list, or the label a line begins with. */
const stateWord = new RegExp(
  `(?<=^| {2})(?:${Object.keys(colours).join("|")})(?= {2}| \\(|$|:)`,
  "gm",
);

/**
 * Writes the text; on a terminal, states have the colour of what they mean. Colours are off where
 * NO_COLOR, CI or TERM=dumb ask for plainness.
 */
export async function writeColoured(
  stream: OutputStream,
  text: string,
  env: Record<string, string | undefined>,
): Promise<void> {
  if (isPlainWanted(env) || !stream.isTerminal) return await stream.write(text);
  let end = 0;
  for (const { 0: word, index } of text.matchAll(stateWord)) {
    await stream.write(text.slice(end, index));
    await stream.steer(colours[word]!, word);
    end = index + word.length;
    await stream.steer(reset, "");
  }
  await stream.write(text.slice(end));
}
