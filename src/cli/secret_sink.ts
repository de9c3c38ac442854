import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { appendFileSync, fstatSync, writeSync } from "node:fs";
import { appError, isAppError } from "../errors/app_error.ts";
import { checkWritable, readLimited, writeWhole } from "../runtime/files.ts";
import { explainSystemError } from "../runtime/system_error.ts";
import type { Sink } from "./sink.ts";

/** What a secret is called where it needs a name and `--to` gives none. */
export interface SecretNames {
  output: string;
  variable: string;
}

/** A secret to hand over. */
export interface HandedSecret {
  /** What a variable is set to: one line. */
  value: string;
  /** What a file or stream gets. */
  text: string;
  /** Other texts that must not show in a log either: what is inside of the value. */
  inside?: string[];
  /** Further secrets that come with it, by what is put behind its name. */
  more?: Record<string, string>;
}

/** A place that can take a secret. */
export interface SecretSink {
  /** The place, as a person reads it. */
  readonly place: string;
  /** Masks the secret in the job's log, then hands it over. Throws `not-writable`. */
  put(secret: HandedSecret): Promise<void>;
}

/** What the sinks need of the world. */
export interface SinkSurroundings {
  env: Record<string, string | undefined>;
  /** Prints lines that only the CI system is to read. */
  printMasks(lines: string): Promise<void>;
  deliver(text: string): Promise<void>;
}

/** Larger than any file of variables. */
const maxVariablesBytes = 4 * 1024 * 1024;

/**
 * Opens what `--to` names. Throws, before anything is made, `usage` where the CI system is not
 * there, and `not-writable` where the file or descriptor can't take anything.
 */
export async function openSecretSink(
  to: Sink,
  names: SecretNames,
  around: SinkSurroundings,
): Promise<SecretSink> {
  const masked = around.env["GITHUB_ACTIONS"] === "true" || to.kind.startsWith("github-");
  const sink = (place: string, put: (secret: HandedSecret) => Promise<void> | void) => ({
    place,
    async put(secret: HandedSecret) {
      if (masked) await around.printMasks(masksOf(secret));
      await put(secret);
    },
  });
  switch (to.kind) {
    case "stdout":
      return sink("standard output", ({ text }) => around.deliver(text));
    case "file":
      await checkWritable(to.file);
      return sink(
        to.file,
        ({ text }) => writeWhole(to.file, text, { mode: 0o600, replace: "always" }),
      );
    case "fd":
      orUnwritable(`descriptor ${to.descriptor}`, () => fstatSync(to.descriptor));
      return sink(
        `descriptor ${to.descriptor}`,
        ({ text }) =>
          orUnwritable(
            `descriptor ${to.descriptor}`,
            () => writeAll(to.descriptor, Buffer.from(text)),
          ),
      );
    case "github-output":
    case "github-env": {
      const file = githubFile(to.kind, around.env);
      await checkWritable(file);
      const name = to.name ?? (to.kind === "github-env" ? names.variable : names.output);
      return sink(`${to.kind}:${name}`, (secret) => {
        const text = variablesOf(name, secret).map(([key, value]) => heredoc(key, value)).join("");
        orUnwritable(file, () => appendFileSync(file, text, { mode: 0o600 }));
      });
    }
    case "gitlab-dotenv":
    case "env-file":
      await checkWritable(to.file);
      return sink(
        to.file,
        (secret) => setVariables(to.file, variablesOf(to.name ?? names.variable, secret)),
      );
  }
}

/** GitHub's commands that keep the secret out of the log: whole, by line, and as it is encoded. */
function masksOf({ value, text, inside = [], more = {} }: HandedSecret): string {
  const whole = [value, ...inside, ...Object.values(more)];
  // a short line is no secret, and would be masked wherever it stands
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line.length >= 16);
  const plain = [...whole, ...text.includes("\n") ? lines : []];
  const forms = plain.flatMap((one) => [
    one,
    Buffer.from(one).toString("base64"),
    encodeURIComponent(one),
  ]);
  return [...new Set(forms)].map((form) => `::add-mask::${escapeForCommand(form)}\n`).join("");
}

function escapeForCommand(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function githubFile(
  kind: "github-output" | "github-env",
  env: Record<string, string | undefined>,
): string {
  const variable = kind === "github-env" ? "GITHUB_ENV" : "GITHUB_OUTPUT";
  const file = env[variable];
  if (file) return file;
  throw appError("usage", {
    message: `--to ${kind} is for a step of GitHub Actions: ${variable} is not set`,
    help: "Elsewhere name a file, env-file:<file>, gitlab-dotenv:<file>, fd:<number>, or -.",
  });
}

/** The secret and those that come with it, by name; endings are as the name is, large or small. */
function variablesOf(name: string, { value, more = {} }: HandedSecret): [string, string][] {
  const isSmall = name === name.toLowerCase();
  return [
    [name, value],
    ...Object.entries(more).map(([ending, value]): [string, string] => [
      `${name}_${isSmall ? ending : ending.toUpperCase()}`,
      value,
    ]),
  ];
}

/** A variable of any lines; nobody can guess the line that ends it. */
function heredoc(name: string, value: string): string {
  const end = `hawser_${randomBytes(16).toString("hex")}`;
  return `${name}<<${end}\n${value}\n${end}\n`;
}

/** Sets variables in a file of `NAME=value` lines and keeps the others. */
async function setVariables(file: string, variables: [string, string][]): Promise<void> {
  const before = (await readVariables(file)).split("\n")
    .filter((line) => line !== "" && !variables.some(([name]) => line.startsWith(`${name}=`)));
  const after = variables.map(([name, value]) => {
    if (/[\r\n]/.test(value)) {
      throw appError("not-writable", { path: file, why: "it takes no value of several lines" });
    }
    return `${name}=${value}`;
  });
  const text = [...before, ...after].map((line) => `${line}\n`).join("");
  await writeWhole(file, text, { mode: 0o600, replace: "always" });
}

async function readVariables(file: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readLimited(file, maxVariablesBytes));
  } catch (error) {
    if (isAppError(error, "file-not-found")) return "";
    throw error;
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
}

function orUnwritable(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw appError("not-writable", { path, why: explainSystemError(cause) }, { cause });
  }
}
