import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";
import { platformNames } from "../platform/name.ts";
import { parseDuration } from "../wait/duration.ts";

/** How stdout, or an error on stderr, is written. */
export const outputFormats = ["text", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Heading of the shared options in a command's help. */
const globalOptions = "Global options (variables stand in for options: HAWSER_NAMESPACE for -n):";

/** The options every command has, as commander hands them over. */
export interface SharedOptions {
  namespace?: string;
  platform?: string;
  context?: string;
  kubeconfig?: string;
  output?: string;
  quiet?: boolean;
  retryFor?: number;
  verbose?: true;
}

/** -n, --namespace. */
export function namespaceOption() {
  return new Option("-n, --namespace <name>", "set the current namespace").helpGroup(globalOptions);
}

/** -p, --platform. */
export function platformOption() {
  return new Option(
    "-p, --platform <platform>",
    "set the Skupper platform; by default SKUPPER_PLATFORM's, else the namespace's, else kubernetes",
  ).helpGroup(globalOptions).choices(platformNames);
}

/** -c, --context. */
export function contextOption() {
  return new Option("-c, --context <name>", "set the kubeconfig context").helpGroup(globalOptions);
}

/** --kubeconfig. */
export function kubeconfigOption() {
  return new Option("--kubeconfig <file>", "set the path to the kubeconfig file").helpGroup(
    globalOptions,
  );
}

/** What `-o` takes of a command that draws its result. */
export const drawings = ["mermaid", "svg"] as const;

const jsonpath = "jsonpath=<template>";

/** -o, --output, where any command may follow: that one says what it takes. */
export function outputOption() {
  return outputOptionOf(["wide", "name"]).argParser((value) => value);
}

/** -o, --output of a command; `more` is what it takes beyond the formats of every command. */
export function outputOptionOf(more: readonly string[]) {
  const names = [...outputFormats, ...more];
  return new Option(
    "-o, --output <format>",
    `set the format of the result; or ${jsonpath}, as kubectl has it`,
  ).helpGroup(globalOptions).choices(names).argParser((value) => outputOf(value, more));
}

/** The value of -o. Throws `InvalidArgumentError` where the command does not print like that. */
export function outputOf(value: string, more: readonly string[]): string {
  const names: string[] = [...outputFormats, ...more];
  // wide is text where there is no more to show
  if (names.includes(value) || value === "wide" || value.startsWith("jsonpath=")) return value;
  throw new InvalidArgumentError(`one of ${[...names, jsonpath].join(", ")}`);
}

/** -q, --quiet. */
export function quietOption(description = "print no result, progress or hints; -o prints data") {
  return new Option("-q, --quiet [bool]", description).helpGroup(globalOptions)
    .argParser(goBoolean);
}

/** --retry-for. */
export function retryForOption() {
  return new Option(
    "--retry-for <duration>",
    "run again for that long while the error is one that may pass",
  ).helpGroup(globalOptions).argParser(duration);
}

/** --verbose. */
export function verboseOption() {
  return new Option("--verbose", "show details, and the causes of an error").helpGroup(
    globalOptions,
  );
}

/** -h, --help. */
export function helpOption() {
  return new Option("-h, --help", "display help and exit").helpGroup(globalOptions);
}

/** True for the options every command has. */
export function isShared(option: Option): boolean {
  return option.helpGroupHeading === globalOptions;
}

/** --wait, as upstream's delete commands have it, beside --no-wait. */
export function deletionWaitOption() {
  return switchOption("wait", "wait for deletion to complete, which is the default").hideHelp();
}

/** An option of Skupper's own program that is refused, with the reason and what to do instead. */
export function refusedOption<F extends string>(flags: F, why: string, instead: string) {
  const [option = flags] = flags.split(" ");
  return new Option(flags).hideHelp().argParser((): string => {
    throw appError("option-unsupported", { option, why, instead });
  });
}

/** -t, --timeout, as the token commands of Skupper 2.0 have it. */
export function shortTimeoutOption<D extends string>(standard: D) {
  const option = timeoutOption(standard);
  option.short = "-t";
  return option;
}

/** --timeout: milliseconds; 0 looks once. `standard` is a duration in Go's syntax. */
export function timeoutOption<D extends string>(standard: D) {
  return new Option(
    "--timeout <duration>",
    "raise an error if the operation does not complete in the given period of time",
  ).default(parseDuration(standard) as number, standard).argParser(duration);
}

/** A duration ≥ 0 in Go's syntax or seconds, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0) {
    throw new InvalidArgumentError("a duration of 0 or more, such as 90s, 15m or 1h30m");
  }
  return ms;
}

/**
 * The time a grant may last, in milliseconds: statuses hold whole seconds, and Go no more than
 * that.
 */
export function grantDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000 || ms > 2_562_047 * 3_600_000) {
    throw new InvalidArgumentError("a duration from 1s to 2562047h, such as 90s, 15m or 1h30m");
  }
  return ms;
}

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return function parse(text) {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/**
 * A switch that also takes a value, as Go's flags do: `--name`, `--name=false`. `rewriteGoFlags`
 * keeps arguments from being taken for its value. Undefined where it is not given.
 */
export function switchOption<N extends string>(name: N, description: string) {
  return new Option(`--${name} [bool]` as const, description).argParser(goBoolean);
}

function goBoolean(text: string): boolean {
  const value = parseGoBoolean(text);
  if (value === undefined) throw new InvalidArgumentError("true or false");
  return value;
}

/** A boolean as Go's strconv.ParseBool reads it; undefined for a text that is none. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** A parser of texts that must not be empty, as a script's variable that is not set is. */
export function nonEmpty(wanted: string): (text: string) => string {
  return function parse(text) {
    if (text === "") throw new InvalidArgumentError(wanted);
    return text;
  };
}

/** The name of a file to read or write. An empty one is a variable of a script that is not set. */
export function fileName(text: string): string {
  if (text === "") throw new InvalidArgumentError("the name of a file, or -");
  return text;
}

/** Collects a repeatable option's values. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
