import { Buffer } from "node:buffer";
import { appError } from "../errors/app_error.ts";
import type { HandedSecret } from "./sink.ts";

/** GitHub's commands that keep the secret out of the log: whole, by line, and as it is encoded. */
export function masksOf({ value, text, inside = [], more = {} }: HandedSecret): string {
  const whole = [value, ...inside, ...Object.values(more)];
  // a short line is no secret, and would be masked wherever it stands
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line.length >= 16);
  const plain = [...whole, ...text.includes("\n") ? lines : []];
  const forms = plain.map((one) => one.toWellFormed()).flatMap((one) => [
    one,
    Buffer.from(one).toString("base64"),
    encodeURIComponent(one),
  ]);
  return [...new Set(forms)].map((form) => `::add-mask::${escapeForCommand(form)}\n`).join("");
}

/** The error where the runner would not read them. */
export function masksUnread() {
  return appError("usage", {
    message: "The secret can't be masked in the log: stderr, where the runner is told, leads " +
      "to a file or nowhere",
    help: "Leave stderr to the job's log.",
  });
}

function escapeForCommand(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
