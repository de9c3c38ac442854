import { Argument, Option } from "@commander-js/extra-typings";
import { collect } from "../../cli/options.ts";

/** The kinds and names of resources, as kubectl takes them; some or none are needed. */
export function resourcesArgument(needed: boolean) {
  const what = "a kind, and names behind it, or kind/name each";
  return new Argument(needed ? "<resource...>" : "[resource...]", what);
}

/** -f, --filename. */
export function filenameOption() {
  return new Option("-f, --filename <file>", "a file, a folder of files, or - for standard input")
    .argParser(collect).default([] as string[], "none");
}

/** --show-secrets. */
export function showSecretsOption() {
  return new Option("--show-secrets", "show codes and keys too");
}
