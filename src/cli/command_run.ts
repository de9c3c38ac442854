import type { Command } from "@commander-js/extra-typings";
import { type AppError, isAppError } from "../errors/app_error.ts";
import type { Say } from "../errors/entry.ts";
import type { PlatformRegistry, PlatformWithAbilities } from "../platform/abilities.ts";
import type { PlatformName } from "../platform/name.ts";
import type { Kind } from "../resources/kinds.ts";
import { abortableAfter } from "../runtime/abortable.ts";
import { type Deadline, startDeadline } from "../wait/deadline.ts";
import type { CommandSpec } from "./command_spec.ts";
import { sayFor } from "./command_words.ts";
import type { CommandContext } from "./context.ts";
import { LongWait } from "./long_wait.ts";
import { withMissing } from "./missing_rights.ts";
import { fitColumns } from "./narrow_text.ts";
import { Messages } from "./messages.ts";
import { openPlatform } from "./open_platform.ts";
import type { SharedOptions } from "./options.ts";
import { withPlatform } from "./output.ts";
import { escapeControls } from "./printable.ts";
import { createPrompter } from "./prompt.ts";
import { renderResult, type ResultFormat, type ResultForms } from "./result_format.ts";
import { refuseInSight } from "./reveal.ts";
import { writeColoured } from "./state_colours.ts";
import type { World } from "./streams.ts";
import { recordUndo } from "./undo_file.ts";

const standardWindDownMs = 10_000;

/** What is told of a command before it begins. */
interface Told {
  format: ResultFormat;
  /** True where it tells changes until it is told to end. */
  isFollowing: boolean;
}

/** What a command has done, and how it goes on from there. */
interface Step {
  sentence: string;
  resume: string | undefined;
}

/** One try of a command: its context, what it tells meanwhile, its result and its errors. */
export class CommandRun<D> {
  readonly #world: World;
  readonly #platforms: PlatformRegistry;
  readonly #spec: CommandSpec<D>;
  readonly #command: Command;
  readonly #options: SharedOptions;
  readonly #format: ResultFormat;
  readonly #isFollowing: boolean;
  readonly #isQuiet: boolean;
  readonly #messages: Messages;
  readonly #wait: LongWait;
  readonly #onRequest: LongWait["ask"] | undefined;
  readonly #deadline: Deadline;
  readonly #say: Say;
  readonly #context: CommandContext;
  #platform: Promise<PlatformWithAbilities> | undefined;
  readonly #about: Kind[] = [];
  readonly #opened: Promise<PlatformWithAbilities>[] = [];
  readonly #done: Step[] = [];

  constructor(
    world: World,
    platforms: PlatformRegistry,
    spec: CommandSpec<D>,
    command: Command,
    { format, isFollowing }: Told,
  ) {
    const options = command.optsWithGlobals() as SharedOptions & { timeout?: number };
    const isOpen = isFollowing && command.getOptionValueSource("timeout") === "default";
    const timeoutMs = isOpen ? undefined : options.timeout;
    this.#world = world;
    this.#platforms = platforms;
    this.#spec = spec;
    this.#command = command;
    this.#options = options;
    this.#format = format;
    this.#isFollowing = isFollowing;
    this.#isQuiet = options.quiet === true;
    const { quiet, verbose } = options;
    this.#messages = new Messages(world, { form: format.messages, quiet, verbose });
    this.#wait = new LongWait(
      (text) => this.#messages.progress(text),
      world.stderr.isTerminal,
      timeoutMs,
    );
    // what has no time limit serves, and asks again and again
    this.#onRequest = timeoutMs === undefined ? undefined : this.#wait.ask;
    this.#deadline = startDeadline(timeoutMs, world.interrupts, this.#wait.tell);
    this.#say = sayFor(world, options);
    this.#context = this.#makeContext();
  }

  /** Runs the command, prints its result, and throws what it ends with. */
  async run(body: (context: CommandContext) => Promise<D>): Promise<void> {
    const { windDownMs = standardWindDownMs } = this.#spec;
    try {
      const running = body(this.#context);
      const data = await abortableAfter(running, this.#deadline.signal, windDownMs);
      await this.#messages.settle();
      await this.#print(data);
      const failure = this.#spec.failure?.(data);
      if (failure !== undefined) throw failure;
    } catch (caught) {
      const { interrupts } = this.#world;
      const error = await withMissing(
        caught,
        this.#opened,
        this.#command,
        this.#about,
        interrupts,
      );
      throw isAppError(error) ? withDone(this.#wait.explain(error), this.#done) : error;
    } finally {
      this.#wait.end();
      await this.#messages.settle();
      this.#deadline.end();
    }
  }

  #makeContext(): CommandContext {
    const world = this.#world;
    const messages = this.#messages;
    const options = this.#options;
    return {
      deadline: this.#deadline,
      signal: this.#deadline.signal,
      say: this.#say,
      env: world.env,
      namespace: options.namespace,
      quiet: options.quiet,
      platform: () => this.#platform ??= this.#openIn(options),
      platformIn: (namespace) => this.#openIn({ ...options, namespace }),
      deliver: async (data, text) => {
        const forms = formsOf(() => text, () => data);
        await this.#deliver(await renderResult(this.#format, forms));
      },
      openSink: (to, names) => this.#openSink(to, names),
      refuseInSight: (what) => refuseInSight(world.stdout, world.env, what),
      recordUndo: (words, madeOn) => {
        // who runs it later may have other variables
        const place = madeOn && { namespace: madeOn.namespace, platform: madeOn.name };
        const line = sayFor(world, { ...options, ...place }).command(words);
        recordUndo(world.env, line.slice(this.#say.program.length + 1));
      },
      tell: (line, data) => this.#tell(line, data),
      concern: (...kinds) => this.#about.push(...kinds),
      progress: (text) => messages.progress(text),
      done: (sentence, resume) => this.#done.push({ sentence, resume }),
      warned: messages.warned,
      warn: (text) => messages.warn(text),
      detail: (text) => messages.detail(text),
      note: (text) => messages.note(text),
      log: (line) => messages.put(`${line}\n`),
      stdin: (maxBytes) => world.stdin(maxBytes, this.#deadline.signal),
      get stdinIsTerminal() {
        return world.stdinIsTerminal;
      },
      ask: createPrompter(
        (text) => messages.ask(text),
        (question) => world.readLine(question, this.#deadline.signal),
        () => world.stdinIsTerminal,
      ),
    };
  }

  async #openSink(...[to, names]: Parameters<CommandContext["openSink"]>) {
    const { openSecretSink } = await import("./secret_sink.ts");
    const { env, stderr } = this.#world;
    return await openSecretSink(to, names, {
      env,
      printMasks: (lines) => stderr.write(lines),
      readsMasks: stderr.isDiverted !== true,
      deliver: (text) => this.#deliver(text),
    });
  }

  async #deliver(text: string): Promise<void> {
    await this.#messages.endProgress();
    await this.#world.stdout.deliver(withNewline(text));
  }

  async #tell(line: string, data: unknown): Promise<void> {
    // who follows changes goes on only as long as somebody reads them
    const { stdout } = this.#world;
    const format = this.#format;
    const put = (text: string) => this.#isFollowing ? stdout.deliver(text) : stdout.write(text);
    await this.#messages.settle();
    if (this.#isQuiet && format.isForPeople) return;
    if (format.isForPeople) return await put(`${escapeControls(line)}\n`);
    if (data === undefined) return;
    const platform = this.#platform;
    const shown = platform === undefined ? data : withPlatform(data, (await platform).name);
    if (format.kind === "json") return await put(`${JSON.stringify(shown)}\n`);
    const mark = format.kind === "yaml" ? "---\n" : "";
    const result = await renderResult(format, formsOf(() => line, () => shown));
    await put(mark + withNewline(result));
  }

  #openIn(chosen: SharedOptions): Promise<PlatformWithAbilities> {
    const listeners = {
      warn: (text: string) => this.#messages.warn(text),
      ...(this.#onRequest && { onRequest: this.#onRequest }),
      tellInferred: (name: PlatformName) =>
        this.#messages.inferred("platform", `${name}, which the namespace was made with`),
    };
    const opening = openPlatform(this.#world, this.#platforms, chosen, listeners);
    this.#opened.push(opening);
    return opening;
  }

  async #print(data: D): Promise<void> {
    const spec = this.#spec;
    const format = this.#format;
    const { stdout, env } = this.#world;
    const context = this.#context;
    const result = this.#isQuiet && format.isForPeople && !spec.isManifest
      ? ""
      : await renderResult(format, {
        text: () => spec.text(data, context),
        wide: () => (spec.wide ?? spec.text)(data, context),
        drawing: (name) => spec.drawings![name]!(data),
        data: () => this.#shownData(data),
        names: () => spec.names?.(data),
      });
    const { isTerminal, columns } = stdout;
    const isFitted = isTerminal && columns !== undefined && !spec.isManifest &&
      ["text", "wide"].includes(format.kind);
    const fitted = isFitted ? fitColumns(result, columns) : result;
    await (format.isForPeople
      ? writeColoured(stdout, withNewline(fitted), env)
      : stdout.write(withNewline(result)));
    if (format.isForPeople) this.#messages.tellNotes();
  }

  async #shownData(data: D): Promise<unknown> {
    const { isManifest, isPlain } = this.#spec;
    const shown = this.#spec.data === undefined ? data : this.#spec.data(data);
    if (this.#platform === undefined || isManifest || isPlain) return shown;
    const opened = await this.#platform.catch(() => undefined);
    return opened === undefined ? shown : withPlatform(shown, opened.name);
  }
}

/** The forms of what is told or delivered before the result. */
function formsOf(text: () => string, data: () => unknown): ResultForms {
  return { text, wide: text, drawing: text, data, names: () => undefined };
}

/** The error, with what the command had done when it came. */
function withDone(
  error: AppError,
  done: Step[],
): AppError {
  error.done.push(...done.map(({ sentence }) => sentence));
  const resume = done.at(-1)?.resume;
  if (resume !== undefined) error.resume ??= resume;
  return error;
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
