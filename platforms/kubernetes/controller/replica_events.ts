import { randomBytes } from "node:crypto";
import { steadyNow } from "../../../src/runtime/clock.ts";
import type { ApiClient } from "../api/client.ts";
import { controllerName, type EventReasons, repeatProblemMs } from "../deployed_names.ts";

/** What is told of, whose it is, and where that is told. */
export interface ReplicaEventsSetup {
  reasons: EventReasons;
  /** What is said once it is right again. */
  allIsWell: string;
  api: ApiClient;
  namespace: string;
  replica: string;
  /** Told what keeps an Event from being published. */
  onProblem(problem: unknown): void;
}

/**
 * Tells as Events of the controller's namespace that something of this replica is wrong, and that
 * it is right again: whoever asks for the state of a cluster sees no replica's own state.
 */
export class ReplicaEvents {
  readonly #setup: ReplicaEventsSetup;
  /** When it was told last that it is wrong, by the steady clock. */
  #toldAt: number | undefined;

  constructor(setup: ReplicaEventsSetup) {
    this.#setup = setup;
  }

  /** What was found of it; a problem that lasts is told again every ten minutes. */
  async judged(problem: string | undefined, signal: AbortSignal): Promise<void> {
    const now = steadyNow();
    if (problem === undefined) {
      if (this.#toldAt === undefined) return;
      this.#toldAt = undefined;
      return await this.#publish("right", this.#setup.allIsWell, signal);
    }
    if (this.#toldAt !== undefined && now - this.#toldAt < repeatProblemMs) return;
    this.#toldAt = now;
    await this.#publish("wrong", problem, signal);
  }

  async #publish(how: keyof EventReasons, message: string, signal: AbortSignal): Promise<void> {
    const { api, namespace, replica, reasons, onProblem } = this.#setup;
    const body = {
      metadata: { namespace, name: `${replica.slice(0, 230)}.${randomBytes(8).toString("hex")}` },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name: replica },
      type: how === "wrong" ? "Warning" : "Normal",
      reason: reasons[how],
      message,
      source: { component: controllerName },
      reportingComponent: controllerName,
      reportingInstance: replica,
    };
    await api.send({ verb: "create", kind: "Event", namespace, body }, signal).catch(onProblem);
  }
}
