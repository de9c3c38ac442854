import { type AppError, appError, isAppError } from "../../../src/errors/app_error.ts";
import type { AmqpConversation } from "../../../src/network/amqp.ts";
import { describeConnectionError } from "../../../src/network/connection_fault.ts";
import type { PlatformName } from "../../../src/platform/name.ts";
import { RouterManagement } from "../../../src/router/management.ts";
import { type RouterView, viewRouter } from "../../../src/router/router_view.ts";
import { within } from "../../../src/runtime/abortable.ts";
import { sleep, steadyNow } from "../../../src/runtime/clock.ts";
import type { NamespacePaths } from "../paths.ts";
import { startCommand } from "../started_namespace.ts";
import { findLinkAddresses, findManagementAddress } from "./management_address.ts";

/** What a router said this short a while ago is not asked again, in milliseconds. */
const freshMs = 500;

/** How often a router is asked while somebody watches it, in milliseconds. */
const watchMs = 1000;

/** How soon it is asked again by who waits for something, in milliseconds; less and less often. */
const firstLookMs = 100;
const slowerBy = 1.5;

/** How long a router may take for one question, in milliseconds. */
const questionLimitMs = 3000;

type ManagementWork<T> = (management: RouterManagement, signal: AbortSignal) => Promise<T>;

/** The router of a namespace on this machine, asked as the site's own client. */
export class LocalRouter {
  readonly paths: NamespacePaths;
  readonly #platform: PlatformName;
  #last: { at: number; view: Promise<RouterView> } | undefined;
  #held: AmqpConversation | undefined;
  #followers = 0;

  constructor(paths: NamespacePaths, platform: PlatformName) {
    this.paths = paths;
    this.#platform = platform;
  }

  /** The command that has a router run for the namespace as its input is now. */
  command(): Promise<string> {
    return startCommand(this.paths, this.#platform);
  }

  /** How it stands with it and its links; the same until the next tick where ticks are followed. */
  view(signal: AbortSignal): Promise<RouterView> {
    signal.throwIfAborted();
    const now = steadyNow();
    const isOld = this.#followers === 0 && now - (this.#last?.at ?? 0) > freshMs;
    if (this.#last === undefined || isOld) {
      this.#last = { at: now, view: this.#look(signal) };
      this.#last.view.catch(() => this.#last = undefined);
    }
    return this.#last.view;
  }

  /** Changes something by the router's management. Throws as `ask`. */
  async change<T>(work: ManagementWork<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.ask(work, signal);
    } finally {
      this.#last = undefined;
    }
  }

  /**
   * Asks the router's management something. Throws `router-not-running` where none runs,
   * `router-not-asked` where it can't be reached, and what RouterManagement throws.
   */
  async ask<T>(work: ManagementWork<T>, signal: AbortSignal): Promise<T> {
    const { namespace } = this.paths;
    const conversation = await this.#open(signal);
    const late = () => appError("router-not-asked", { namespace, why: "it does not answer" });
    const management = new RouterManagement({
      request: (to, properties, body, bounded) =>
        conversation.request(to, properties, body, bounded).catch((cause) => {
          if (bounded.aborted) throw cause;
          const { why } = describeConnectionError(cause, "");
          throw appError("router-not-asked", { namespace, why }, { cause });
        }),
    });
    try {
      return await within(
        questionLimitMs,
        late,
        (bounded) => work(management, bounded),
        signal,
      );
    } finally {
      await this.#release(conversation);
    }
  }

  /**
   * Does something with ticks that come whenever it is time to look again: once a second to watch,
   * and sooner at first to wait for something. What the router says of its links is the same from
   * one tick to the next. The way to it stays open, and is closed before the result is given.
   */
  async follow<T>(
    work: (ticks: AsyncIterable<void>) => Promise<T>,
    purpose: "watch" | "wait",
    signal: AbortSignal,
  ): Promise<T> {
    const ticks = this.#ticks(purpose === "watch" ? watchMs : firstLookMs, signal);
    return await this.hold(() => work(ticks));
  }

  /**
   * Does something while the router is asked once at most for its links, so that all that is read
   * of them meanwhile agrees. The way to it stays open, and is closed before the result is given.
   */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#followers++ === 0) this.#last = undefined;
    try {
      return await work();
    } finally {
      this.#followers--;
      // who was told that something else failed has not waited for it
      await this.#last?.view.catch(() => {});
      const held = this.#held;
      if (this.#followers === 0) {
        this.#held = undefined;
        await held?.close();
      }
    }
  }

  async *#ticks(firstMs: number, signal: AbortSignal): AsyncGenerator<void> {
    for (let pauseMs = firstMs;; pauseMs = Math.min(pauseMs * slowerBy, watchMs)) {
      this.#last = undefined;
      yield;
      await sleep(pauseMs, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<RouterView> {
    try {
      return await this.ask(
        (management, bounded) => viewRouter(management, Date.now(), bounded),
        signal,
      );
    } catch (error) {
      if (isAppError(error, "router-not-running")) return { state: "stopped", links: new Map() };
      if (signal.aborted || !isAppError(error)) throw error;
      const why = isAppError(error, "router-not-asked") ? error.data.why : error.message;
      return { state: "unknown", why, seen: await this.#isSeen(signal), links: new Map() };
    }
  }

  async #open(signal: AbortSignal): Promise<AmqpConversation> {
    if (this.#held?.isOpen) return this.#held;
    const { namespace } = this.paths;
    const address = await findManagementAddress(this.paths);
    if ("why" in address) {
      if (address.why === undefined) throw await this.#notRunning();
      throw appError("router-not-asked", { namespace, why: address.why });
    }
    // the protocol is much to load, and most commands ask no router
    const { openRouter, RouterNotOpened } = await import("./open_router.ts");
    try {
      const conversation = await openRouter(address, signal);
      if (this.#followers > 0) this.#held = conversation;
      return conversation;
    } catch (cause) {
      if (!(cause instanceof RouterNotOpened)) throw cause;
      if (cause.stopped) throw await this.#notRunning();
      throw appError("router-not-asked", { namespace, why: cause.message }, { cause });
    }
  }

  async #release(conversation: AmqpConversation): Promise<void> {
    if (conversation !== this.#held) await conversation.close();
  }

  async #notRunning(): Promise<AppError> {
    const { namespace } = this.paths;
    return appError("router-not-running", { namespace, start: await this.command() });
  }

  /** Whether it runs all the same: links connect to it, wherever it is asked. */
  async #isSeen(signal: AbortSignal): Promise<boolean> {
    const { answersLinks } = await import("./open_router.ts");
    for (const address of await findLinkAddresses(this.paths)) {
      if (await answersLinks(address, signal)) return true;
    }
    return false;
  }
}
