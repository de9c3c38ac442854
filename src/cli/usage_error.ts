import type { CommanderError } from "@commander-js/extra-typings";
import { type AppError, appError } from "../errors/app_error.ts";

/**
 * A value that commander, or a parser of ours, refused: of an option, an argument or a variable.
 */
const refusedValue =
  /^(?:option '(?:-\w, )?(?<option>--[\w-]+)[^']*' (?:argument|value)|command-argument value) '(?<value>.*?)'(?: from env '(?<variable>\w+)')? is invalid(?: for argument '(?<argument>.+)')?\. (?<wanted>.*)$/s;

/**
 * A wrong command line in the words of the catalog: `invalid-value`, else `usage` with commander's
 * suggestion. `help` is the command that shows how it should be. What a slip of the hand may have
 * made of a secret is left out: the value of an unknown option, or of one that reads a secret from
 * stdin, and arguments beyond those there are.
 */
export function wordUsageError({ message }: CommanderError, help: string): AppError {
  const [, fault = "", suggestion] = /^error: (.*?)(?:\n\((Did you mean .*)\))?$/s.exec(message) ??
    [];
  const refused = refusedValue.exec(fault)?.groups;
  if (refused !== undefined) {
    const { option, argument, variable, value = "", wanted = "" } = refused;
    return appError("invalid-value", {
      name: variable ?? option ?? `the ${argument}`,
      value: option?.endsWith("-stdin") ? "…" : value,
      wanted: wanted.replace(/^Allowed choices are (.*)\.$/, "one of $1"),
    });
  }
  const sentence = fault.replaceAll(" [bool]'", "'").replace(
    /^(unknown option '-[^=]*)=.*'$/s,
    "$1'",
  )
    .replace(/(^too many arguments .* but got \d+): .*$/s, "$1")
    .replaceAll(/'([^']*)'/g, '"$1"').replace(/\.$/, "");
  return appError("usage", {
    message: sentence.charAt(0).toUpperCase() + sentence.slice(1),
    help: suggestion === undefined ? help : `${suggestion} See: ${help}`,
  });
}
