import { Option } from "@commander-js/extra-typings";
import { fileName, wholeNumber } from "../../cli/options.ts";
import { linkCosts } from "../../resources/link.ts";

const cost = wholeNumber(linkCosts.min, linkCosts.max);

/** --link-cost. */
export function linkCostOption() {
  return new Option("--link-cost <integer>", "the link cost to use when creating the link")
    .argParser(cost);
}

/** --cost: the name upstream's releases have for --link-cost. */
export function linkCostAliasOption() {
  return new Option("--cost <integer>", "same as --link-cost").argParser(cost)
    .conflicts("linkCost").hideHelp();
}

/** What opens a sealed token. */
export interface IdentityOptions {
  identity?: string;
}

/** --identity. */
export function identityOption() {
  return new Option("--identity <file>", "the file of keys that opens the token where it is sealed")
    .argParser(fileName);
}
