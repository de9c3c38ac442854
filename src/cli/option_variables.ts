import { type Command, CommanderError, type Option } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";
import { parseGoBoolean } from "./options.ts";

/** Secrets have JFROG_CLI_… variables; a variable set for all must confirm or widen nothing. */
const without = [
  ...["--access-token", "--password", "--refresh-token", "--oidc-token-id", "--ssh-passphrase"],
  ...["--all", "--force", "--overwrite", "--quiet", "--reveal", "--yes", "--insecure-tls"],
  ...["--help", "--version", "--shell"],
];

/** What commander tells its options by: their parsers listen. */
interface Emitter {
  emit(event: string, value: string | undefined): boolean;
}

/** The variable that stands in for an option: HAWSER_LINK_COST for --link-cost. */
export function optionVariable({ long }: Option): string | undefined {
  if (!long || without.includes(long) || long.endsWith("-stdin")) return undefined;
  return `HAWSER_${long.slice(2).toUpperCase().replaceAll("-", "_")}`;
}

/**
 * Gives the options that the command line leaves open the values of their variables, where these
 * are set and not empty. One that can't go with a given option is left out. Throws what commander
 * does of a value that an option does not take, and `invalid-value` of a switch's.
 */
export function applyOptionVariables(
  command: Command,
  env: Record<string, string | undefined>,
): void {
  const given = command.options.filter((option) => isGiven(command, option));
  for (const option of command.options) {
    const variable = optionVariable(option);
    const value = variable === undefined ? undefined : env[variable];
    if (!variable || !value || given.some((other) => excludes(option, other))) continue;
    const takesValue = option.required || option.optional;
    if (!takesValue && !readSwitch(variable, value)) continue;
    try {
      (command as unknown as Emitter).emit(
        `option:${option.name()}`,
        takesValue ? value : undefined,
      );
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      const message = error.message.replace(
        / argument '([\s\S]*)' is invalid\./,
        ` value '$1' from env '${variable}' is invalid.`,
      );
      throw new CommanderError(error.exitCode, error.code, message);
    }
  }
}

function isGiven(command: Command, option: Option): boolean {
  return command.getOptionValueSourceWithGlobals(option.attributeName()) === "cli";
}

/** True if the two are one, or can't go together. */
function excludes(option: Option, given: Option): boolean {
  const [key, other] = [option.attributeName(), given.attributeName()];
  return key === other || conflictsOf(option).includes(other) || conflictsOf(given).includes(key);
}

function conflictsOf(option: Option): string[] {
  return (option as unknown as { conflictsWith: string[] }).conflictsWith;
}

function readSwitch(variable: string, value: string): boolean {
  const isOn = parseGoBoolean(value);
  if (isOn !== undefined) return isOn;
  throw appError("invalid-value", { name: variable, value, wanted: "true or false" });
}
