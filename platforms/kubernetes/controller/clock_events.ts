import { randomBytes } from "node:crypto";
import { steadyNow } from "../../../src/runtime/clock.ts";
import type { ApiClient } from "../api/client.ts";
import { clockRight, clockWrong, controllerName, repeatClockMs } from "../deployed_names.ts";

/** Whose clock it is, and where that is told. */
export interface ClockEventsSetup {
  api: ApiClient;
  namespace: string;
  replica: string;
  /** Told what keeps an Event from being published. */
  onProblem(problem: unknown): void;
}

/**
 * Tells as Events of the controller's namespace that this replica's clock looks wrong, and that it
 * is right again: whoever asks for the state of a cluster sees no replica's own state.
 */
export class ClockEvents {
  readonly #setup: ClockEventsSetup;
  /** When it was told last that the clock is wrong, by the steady clock. */
  #toldAt: number | undefined;

  constructor(setup: ClockEventsSetup) {
    this.#setup = setup;
  }

  /** What was found of the clock; a problem that lasts is told again every ten minutes. */
  async judged(problem: string | undefined, signal: AbortSignal): Promise<void> {
    const now = steadyNow();
    if (problem === undefined) {
      if (this.#toldAt === undefined) return;
      this.#toldAt = undefined;
      return await this.#publish(clockRight, "the clock is right", signal);
    }
    if (this.#toldAt !== undefined && now - this.#toldAt < repeatClockMs) return;
    this.#toldAt = now;
    await this.#publish(clockWrong, problem, signal);
  }

  async #publish(reason: string, message: string, signal: AbortSignal): Promise<void> {
    const { api, namespace, replica, onProblem } = this.#setup;
    const body = {
      metadata: { namespace, name: `${replica.slice(0, 230)}.${randomBytes(8).toString("hex")}` },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name: replica },
      type: reason === clockWrong ? "Warning" : "Normal",
      reason,
      message,
      source: { component: controllerName },
      reportingComponent: controllerName,
      reportingInstance: replica,
    };
    await api.send({ verb: "create", kind: "Event", namespace, body }, signal).catch(onProblem);
  }
}
