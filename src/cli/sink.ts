import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** Where `--to` hands a secret over to. */
export type Sink =
  | { kind: "github-output" | "github-env"; name?: string }
  | { kind: "gitlab-dotenv" | "env-file"; name?: string; file: string }
  | { kind: "fd"; descriptor: number }
  | { kind: "file"; file: string }
  | { kind: "stdout" };

const wanted = "github-output[:name], github-env[:NAME], gitlab-dotenv:[NAME=]file, " +
  "env-file:[NAME=]file, fd:number (3 or more), a file, or -";

/** --to, of a command that makes a secret. */
export function sinkOption() {
  return new Option(
    "--to <sink>",
    "hand the secret over there, masked in the job's log before: github-output[:name], " +
      "github-env[:NAME], gitlab-dotenv:[NAME=]file, env-file:[NAME=]file, fd:number, a file, or -",
  ).argParser(parseSink);
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
