import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { appError } from "../errors/app_error.ts";
import { checkWritable, writeWhole } from "../runtime/files.ts";
import { checkDescriptor, orUnwritable, writeAll } from "./descriptor.ts";
import { masksOf, masksUnread } from "./masks.ts";
import type { HandedSecret, Sink } from "./sink.ts";
import { appendLines, setVariables } from "./variables_file.ts";

/** What a secret is called where it needs a name and `--to` gives none. */
export interface SecretNames {
  output: string;
  variable: string;
}

/** A place that can take a secret. */
export interface SecretSink {
  /** The place, as a person reads it. */
  readonly place: string;
  /** Masks the secret in the job's log, where it is handed over by other ways than `put`. */
  mask(secret: HandedSecret): Promise<void>;
  /** Masks the secret, then hands it over. Throws `not-writable`. */
  put(secret: HandedSecret): Promise<void>;
}

/** What the sinks need of the world. */
export interface SinkSurroundings {
  env: Record<string, string | undefined>;
  /**
   * Prints lines that only the CI system is to read: to stderr, which GitHub's runner reads as it
   * does stdout, and which no `$(…)` takes along.
   */
  printMasks(lines: string): Promise<void>;
  /** False where that leads to a file or nowhere, past the CI system. */
  readsMasks: boolean;
  deliver(text: string): Promise<void>;
}

/**
 * Opens what `--to` names. Throws, before anything is made, `usage` where the CI system is not
 * there or would not read the masks, and `not-writable` where the file or descriptor can't take
 * anything.
 */
export async function openSecretSink(
  to: Sink,
  names: SecretNames,
  around: SinkSurroundings,
): Promise<SecretSink> {
  const masked = around.env["GITHUB_ACTIONS"] === "true" || to.kind.startsWith("github-");
  if (masked && !around.readsMasks) throw masksUnread();
  const mask = async (secret: HandedSecret) => {
    if (masked) await around.printMasks(masksOf(secret));
  };
  const sink = (place: string, put: (secret: HandedSecret) => Promise<void> | void) => ({
    place,
    mask,
    async put(secret: HandedSecret) {
      await mask(secret);
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
      orUnwritable(`descriptor ${to.descriptor}`, () => checkDescriptor(to.descriptor));
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
        orUnwritable(file, () => appendLines(file, text));
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
