import type { Command } from "@commander-js/extra-typings";
import { appError } from "../errors/app_error.ts";
import type { PlatformRegistry } from "../platform/abilities.ts";
import { CommandRun } from "./command_run.ts";
import type { CommandSpec } from "./command_spec.ts";
import type { CommandContext } from "./context.ts";
import type { SharedOptions } from "./options.ts";
import { readResultFormat } from "./result_format.ts";
import type { World } from "./streams.ts";

/** What -o takes where changes are told. */
const followed = "text, json, yaml or jsonpath=<template> with --watch";

/**
 * Wraps a command's `run`, which returns data: the runner chooses platform and namespace, keeps
 * the deadline, shows progress, prints the result and words the errors.
 */
export type Runner = <A extends unknown[], D>(
  spec: CommandSpec<D>,
  run: (context: CommandContext, ...args: A) => Promise<D>,
) => (...args: A) => Promise<void>;

/** The runner of one invocation of the program. */
export function createRunner(world: World, platforms: PlatformRegistry): Runner {
  return (spec, run) =>
    async function action(...args) {
      // commander calls an action with one argument more than its type says: the command.
      const options = (args.at(-1) as Command).optsWithGlobals() as SharedOptions;
      const { retryFor } = options;
      if (retryFor === undefined) return await runnerOnce(world, platforms)(spec, run)(...args);
      const { runAgain } = await import("./run_again.ts");
      await runAgain(
        world,
        (again) => runnerOnce(again, platforms)(spec, run)(...args),
        retryFor,
        options,
      );
    };
}

/** The runner of one try. */
function runnerOnce(world: World, platforms: PlatformRegistry): Runner {
  return (spec, run) =>
    async function action(...args) {
      const command = args.at(-1) as Command;
      const options = command.optsWithGlobals() as SharedOptions;
      const drawings = Object.keys(spec.drawings ?? {});
      const format = await readResultFormat(options.output ?? "text", drawings);
      const isFollowing = spec.follows?.(options as Record<string, unknown>) === true;
      if (isFollowing && format.kind === "name") {
        throw appError("invalid-value", { name: "--output", value: "name", wanted: followed });
      }
      const once = new CommandRun(world, platforms, spec, command, { format, isFollowing });
      await once.run((context) => run(context, ...args));
    };
}
