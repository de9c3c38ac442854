import type { OutputFormat } from "./options.ts";
import { escapeControls } from "./printable.ts";
import { startProgress } from "./progress.ts";
import { writeColoured } from "./state_colours.ts";
import type { World } from "./streams.ts";

/** How messages are wanted. */
interface MessageOptions {
  /** As lines of text; with any other format of the result each as one JSON object. */
  form: OutputFormat;
  quiet: boolean | undefined;
  verbose: boolean | undefined;
}

/** What a command tells on stderr beside its result, in the order in which it tells it. */
export class Messages {
  /** What was warned of. */
  readonly warned: string[] = [];
  readonly #world: World;
  readonly #isText: boolean;
  readonly #isQuiet: boolean;
  readonly #tellsDetails: boolean;
  readonly #tellsProgress: boolean;
  readonly #progress: ReturnType<typeof startProgress>;
  readonly #notes: string[] = [];
  #writing = Promise.resolve();

  constructor(world: World, { form, quiet = false, verbose = false }: MessageOptions) {
    const level = world.env["JFROG_CLI_LOG_LEVEL"] ?? ""; // jf's, in capitals
    this.#world = world;
    this.#isText = form === "text";
    this.#isQuiet = quiet;
    this.#tellsDetails = verbose || ["DEBUG", "VERBOSE"].includes(level);
    this.#tellsProgress = this.#isText && !quiet && !["WARN", "ERROR"].includes(level);
    this.#progress = startProgress(world.stderr, world.env);
  }

  warn(text: string): void {
    this.warned.push(text);
    this.#putLine("warning", text);
  }

  detail(text: string): void {
    if (this.#tellsDetails) this.#putLine("detail", text);
  }

  /** Tells what was found out; data name it themselves. */
  inferred(label: string, text: string): void {
    if (this.#isText && !this.#isQuiet) this.#putLine(label, text);
  }

  progress(text: string): void {
    if (this.#tellsProgress) this.#progress.show(text);
  }

  /** Keeps a hint, once, until there is a result. */
  note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }

  tellNotes(): void {
    if (!this.#isQuiet) this.#notes.forEach((note) => this.#putLine("hint", note));
  }

  /** Writes text as it is. */
  put(text: string): void {
    const { stderr, env } = this.#world;
    this.#writing = this.#writing.then(() => writeColoured(stderr, text, env));
  }

  /** Ends the line of progress, so that something else can be written. */
  async endProgress(): Promise<void> {
    await this.#progress.end();
  }

  /** Until all that was told is written. */
  async settle(): Promise<void> {
    await this.#progress.end();
    await this.#writing;
  }

  /** Asks a question, until it is written. */
  async ask(text: string): Promise<void> {
    await this.#progress.end();
    this.put(text);
    await this.#writing;
  }

  #putLine(label: string, text: string): void {
    const line = this.#isText
      ? `${label}: ${escapeControls(text)}`
      : JSON.stringify({ [label]: text });
    this.put(`${line}\n`);
  }
}
