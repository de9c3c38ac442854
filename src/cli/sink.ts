import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** Where `--to` hands a secret over to. */
export type Sink =
  | { kind: "github-output" | "github-env"; name?: string }
  | { kind: "gitlab-dotenv" | "env-file"; name?: string; file: string }
  | { kind: "fd"; descriptor: number }
  | { kind: "file"; file: string }
  | { kind: "stdout" };

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

const wanted = "github-output[:name], github-env[:NAME], gitlab-dotenv:[NAME=]file, " +
  "env-file:[NAME=]file, fd:number (3 or more), a file, or -";

/** --to, of a command that makes a secret. */
export function sinkOption() {
  return new Option(
    "--to <sink>",
    "hand the secret over there, masked in the job's log before: github-output[:name], " +
      "github-env[:NAME], gitlab-dotenv:[NAME=]file, env-file:[NAME=]file, fd:number, a file, or -",
  ).argParser((text: string, before: Sink) => {
    // commander's types know of no first time
    if ((before as Sink | undefined) === undefined) return parseSink(text);
    throw new InvalidArgumentError("the only one: a secret is handed over to one place");
  });
}

/** The sink that the text names. Throws `InvalidArgumentError`. */
export function parseSink(text: string): Sink {
  const [, kind, rest] = /^(github-output|github-env|gitlab-dotenv|env-file|fd)(?::(.*))?$/s
    .exec(text) ?? [];
  switch (kind) {
    case "github-output":
    case "github-env":
      return { kind, ...named(rest, kind === "github-env" ? /^[A-Za-z_]\w*$/ : /^[\w-]+$/) };
    case "gitlab-dotenv":
    case "env-file": {
      const [, name, file = ""] = /^(?:([A-Za-z_]\w*)=)?(.*)$/s.exec(rest ?? "")!;
      if (file === "") throw new InvalidArgumentError(wanted);
      return { kind, file, ...named(name, /^/) };
    }
    case "fd": {
      // 1 and 2 are stdout, named -, and stderr, which holds no result
      if (!/^(?:[3-9]|[1-9]\d{1,3})$/.test(rest ?? "")) throw new InvalidArgumentError(wanted);
      return { kind, descriptor: Number(rest) };
    }
  }
  if (text === "") throw new InvalidArgumentError(wanted);
  return text === "-" ? { kind: "stdout" } : { kind: "file", file: text };
}

function named(name: string | undefined, pattern: RegExp): { name?: string } {
  if (name === undefined) return {};
  if (!pattern.test(name)) throw new InvalidArgumentError(wanted);
  return { name };
}
