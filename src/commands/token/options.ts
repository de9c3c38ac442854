import { Option } from "@commander-js/extra-typings";
import { wholeNumber } from "../../cli/options.ts";
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
