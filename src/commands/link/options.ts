import { Option } from "@commander-js/extra-typings";
import { wholeNumber } from "../../cli/options.ts";
import { linkCosts } from "../../resources/link.ts";

/** --cost. */
export function costOption() {
  return new Option(
    "--cost <integer>",
    "the configured routing cost of sending traffic over the link",
  )
    .argParser(wholeNumber(linkCosts.min, linkCosts.max));
}

/** --link-cost: what the token commands call --cost. */
export function costAliasOption() {
  return new Option("--link-cost <integer>", "same as --cost").conflicts("cost").hideHelp()
    .argParser(wholeNumber(linkCosts.min, linkCosts.max));
}

/** --reload. */
export function reloadOption() {
  return new Option(
    "--reload",
    "have upstream's program start the router anew with what is stored, all links with it",
  );
}
