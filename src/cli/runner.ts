import type { Command } from "@commander-js/extra-typings";
import { type AppError, appError, isAppError } from "../errors/app_error.ts";
import type { Say } from "../errors/entry.ts";
import type { PlatformRegistry, PlatformWithAbilities } from "../platform/abilities.ts";
import type { PlatformName } from "../platform/name.ts";
import type { Kind } from "../resources/kinds.ts";
import { abortableAfter } from "../runtime/abortable.ts";
import { startDeadline } from "../wait/deadline.ts";
import type { CommandContext } from "./context.ts";
import type { SharedOptions } from "./options.ts";
import { withPlatform } from "./output.ts";
import { readResultFormat, renderResult, type ResultForms } from "./result_format.ts";
import { fitColumns } from "./narrow_text.ts";
import { escapeControls } from "./printable.ts";
import { openPlatform } from "./open_platform.ts";
import { LongWait } from "./long_wait.ts";
import { withMissing } from "./missing_rights.ts";
import { startProgress } from "./progress.ts";
import { createPrompter } from "./prompt.ts";
import { writeColoured } from "./state_colours.ts";
import type { World } from "./streams.ts";
import { refuseInSight } from "./reveal.ts";
import { recordUndo } from "./undo_file.ts";

/** What the runner must know of a command beside its `run`. */
export interface CommandSpec<D> {
  /** The result as a person reads it; `""` prints nothing. */
  text(data: D, context: CommandContext): string | Promise<string>;
  /** The same with more columns, where -o is wide. */
  wide?(data: D, context: CommandContext): string | Promise<string>;
  /** What -o name prints, where the data are no resources; a list that is empty prints nothing. */
  names?(data: D): unknown[];
  /** Further texts that -o takes, by name. */
  drawings?: Record<string, (data: D) => string>;
  /** What -o json and yaml print, where that is less than all `run` returned. */
  data?(data: D): unknown;
  /** What `data` gives is for another program: nothing is added to it. */
  isManifest?: true;
  /** What `data` gives is as kubectl gives it: nothing is added to it. */
  isPlain?: true;
  /** The error to end with although there is a result to print: a check that found something. */
  failure?(data: D): AppError | undefined;
  /**
   * True where it goes on until it is told to end: only a --timeout that was given limits it, and
   * its end is none of an error.
   */
  follows?(options: Record<string, unknown>): boolean;
  /** How long it may go on once it is told to end, in milliseconds; ten seconds by default. */
  windDownMs?: number;
}

/** What -o takes where changes are told. */
const followed = "text, json, yaml or jsonpath=<template> with --watch";
const standardWindDownMs = 10_000;

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
      const options = command.optsWithGlobals() as SharedOptions & { timeout?: number };
      const drawings = Object.keys(spec.drawings ?? {});
      const format = await readResultFormat(options.output ?? "text", drawings);
      const isQuiet = options.quiet === true;
      const isFollowing = spec.follows?.(options as Record<string, unknown>) === true;
      if (isFollowing && format.kind === "name") {
        throw appError("invalid-value", { name: "--output", value: "name", wanted: followed });
      }
      const { windDownMs = standardWindDownMs } = spec;
      const level = world.env["JFROG_CLI_LOG_LEVEL"] ?? ""; // jf's, in capitals
      const tellsDetails = options.verbose === true || ["DEBUG", "VERBOSE"].includes(level);
      const tellsProgress = format.messages === "text" && !isQuiet &&
        !["WARN", "ERROR"].includes(level);
      const progress = startProgress(world.stderr, world.env);
      const isOpen = isFollowing &&
        command.getOptionValueSource("timeout") === "default";
      const timeoutMs = isOpen ? undefined : options.timeout;
      const wait = new LongWait(
        (text) => tellsProgress ? progress.show(text) : undefined,
        world.stderr.isTerminal,
        timeoutMs,
      );
      // what has no time limit serves, and asks again and again
      const onRequest = timeoutMs === undefined ? undefined : wait.ask;
      const deadline = startDeadline(timeoutMs, world.interrupts, wait.tell);
      const say = sayFor(world, options);
      let platform: Promise<PlatformWithAbilities> | undefined;
      let writing = Promise.resolve();
      const notes: string[] = [];
      const about: Kind[] = [];
      const opened: Promise<PlatformWithAbilities>[] = [];
      const warned: string[] = [];
      const done: { sentence: string; resume: string | undefined }[] = [];
      const context: CommandContext = {
        deadline,
        signal: deadline.signal,
        say,
        env: world.env,
        namespace: options.namespace,
        quiet: options.quiet,
        platform: () => platform ??= openIn(options),
        platformIn: (namespace) => openIn({ ...options, namespace }),
        async deliver(data, text) {
          await progress.end();
          const forms = formsOf(() => text, () => data);
          await world.stdout.deliver(withNewline(await renderResult(format, forms)));
        },
        async openSink(to, names) {
          const { openSecretSink } = await import("./secret_sink.ts");
          return await openSecretSink(to, names, {
            env: world.env,
            printMasks: (lines) => world.stderr.write(lines),
            readsMasks: world.stderr.isDiverted !== true,
            async deliver(text) {
              await progress.end();
              await world.stdout.deliver(withNewline(text));
            },
          });
        },
        refuseInSight: (what) => refuseInSight(world.stdout, world.env, what),
        recordUndo(words, madeOn) {
          // who runs it later may have other variables
          const place = madeOn && { namespace: madeOn.namespace, platform: madeOn.name };
          const line = sayFor(world, { ...options, ...place }).command(words);
          recordUndo(world.env, line.slice(say.program.length + 1));
        },
        async tell(line, data) {
          // who follows changes goes on only as long as somebody reads them
          const { stdout } = world;
          const put = (text: string) => isFollowing ? stdout.deliver(text) : stdout.write(text);
          await progress.end();
          await writing;
          if (isQuiet && format.isForPeople) return;
          if (format.isForPeople) return await put(`${escapeControls(line)}\n`);
          if (data === undefined) return;
          const shown = platform === undefined ? data : withPlatform(data, (await platform).name);
          if (format.kind === "json") return await put(`${JSON.stringify(shown)}\n`);
          const mark = format.kind === "yaml" ? "---\n" : "";
          const result = await renderResult(format, formsOf(() => line, () => shown));
          await put(mark + withNewline(result));
        },
        concern: (...kinds) => about.push(...kinds),
        progress: (text) => tellsProgress ? progress.show(text) : undefined,
        done: (sentence, resume) => done.push({ sentence, resume }),
        warned,
        warn: (text) => putLine("warning", text),
        detail: (text) => tellsDetails ? putLine("detail", text) : undefined,
        note: (text) => notes.includes(text) ? undefined : notes.push(text),
        log: (line) => put(`${line}\n`),
        stdin: (maxBytes) => world.stdin(maxBytes, deadline.signal),
        get stdinIsTerminal() {
          return world.stdinIsTerminal;
        },
        ask: createPrompter(
          async (text) => {
            await progress.end();
            put(text);
            await writing;
          },
          (question) => world.readLine(question, deadline.signal),
          () => world.stdinIsTerminal,
        ),
      };
      function openIn(chosen: SharedOptions) {
        const { warn } = context;
        const listeners = { warn, ...(onRequest && { onRequest }), tellInferred };
        opened.push(openPlatform(world, platforms, chosen, listeners));
        return opened.at(-1)!;
      }
      function tellInferred(name: PlatformName) {
        if (format.messages !== "text" || isQuiet) return; // data names the platform
        putLine("platform", `${name}, which the namespace was made with`);
      }
      function putLine(label: string, text: string) {
        if (label === "warning") warned.push(text);
        const line = format.messages === "text"
          ? `${label}: ${escapeControls(text)}`
          : JSON.stringify({ [label]: text });
        put(`${line}\n`);
      }
      async function shownData(data: Awaited<ReturnType<typeof run>>) {
        const shown = spec.data === undefined ? data : spec.data(data);
        if (platform === undefined || spec.isManifest || spec.isPlain) return shown;
        const opened = await platform.catch(() => undefined);
        return opened === undefined ? shown : withPlatform(shown, opened.name);
      }
      function put(text: string) {
        writing = writing.then(() => writeColoured(world.stderr, text, world.env));
      }
      try {
        const data = await abortableAfter(run(context, ...args), deadline.signal, windDownMs);
        await progress.end();
        await writing;
        const result = isQuiet && format.isForPeople && !spec.isManifest
          ? ""
          : await renderResult(format, {
            text: () => spec.text(data, context),
            wide: () => (spec.wide ?? spec.text)(data, context),
            drawing: (name) => spec.drawings![name]!(data),
            data: () => shownData(data),
            names: () => spec.names?.(data),
          });
        const { isTerminal, columns } = world.stdout;
        const isFitted = isTerminal && columns !== undefined && !spec.isManifest &&
          ["text", "wide"].includes(format.kind);
        const fitted = isFitted ? fitColumns(result, columns) : result;
        await (format.isForPeople
          ? writeColoured(world.stdout, withNewline(fitted), world.env)
          : world.stdout.write(withNewline(result)));
        if (format.isForPeople && !isQuiet) notes.forEach((note) => putLine("hint", note));
        const failure = spec.failure?.(data);
        if (failure !== undefined) throw failure;
      } catch (caught) {
        const error = await withMissing(
          caught,
          opened,
          command,
          about,
          world.interrupts,
        );
        throw isAppError(error) ? withDone(wait.explain(error), done) : error;
      } finally {
        wait.end();
        await progress.end();
        await writing;
        deadline.end();
      }
    };
}

/** The forms of what is told or delivered before the result. */
function formsOf(text: () => string, data: () => unknown): ResultForms {
  return { text, wide: text, drawing: text, data, names: () => undefined };
}

/** The error, with what the command had done when it came. */
function withDone(
  error: AppError,
  done: { sentence: string; resume: string | undefined }[],
): AppError {
  error.done.push(...done.map(({ sentence }) => sentence));
  const resume = done.at(-1)?.resume;
  if (resume !== undefined) error.resume ??= resume;
  return error;
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** How this invocation words commands in its hints. */
export function sayFor(world: World, options: SharedOptions): Say {
  const namespace = given("-n", options.namespace);
  const rest = [
    ...given("-p", options.platform),
    ...given("--context", options.context),
    ...given("--kubeconfig", options.kubeconfig),
  ];
  return {
    program: world.program,
    command: (words) => [world.program, words, ...namespace, ...rest].join(" "),
    commandForAll: (words) => [world.program, words, ...rest].join(" "),
  };
}

function given(flag: string, value: string | undefined): string[] {
  return value === undefined ? [] : [flag, quote(value)];
}

/** A word as a POSIX shell takes it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-][\w@%+=:,./~-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
