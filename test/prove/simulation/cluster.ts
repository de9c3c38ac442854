import { Buffer } from "node:buffer";
import { appError } from "../../../src/errors/app_error.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { awaitAction, type Process, theWorld, thisProcess } from "./world.ts";

interface Stored {
  kind: string;
  metadata: { name: string; resourceVersion?: string };
  data?: Record<string, string>;
}

/** The Secrets of a namespace in a cluster: compare-and-set, and whatever goes wrong between. */
export class Cluster {
  readonly #stored = new Map<string, Stored>();
  readonly #cutOff = new Map<Process, number>();
  #version = 0;
  /** Told of each ledger that is stored. */
  readonly #onLedger: (text: string) => void;

  constructor(onLedger: (text: string) => void) {
    this.#onLedger = onLedger;
  }

  /** Leaves a replica without the API server until then. */
  cutOff(process: Process, until: number): void {
    this.#cutOff.set(process, until);
  }

  /** What a replica sees of the namespace. */
  platform(namespace: string): Platform {
    const ask = <T>(verb: string, act: () => T) => this.#ask(verb, act);
    const unused = () => Promise.reject(new Error("not simulated"));
    return {
      name: "kubernetes",
      namespace,
      get:
        ((_kind: string, name: string) =>
          ask("get", () => structuredClone(this.#stored.get(name)))) as Platform["get"],
      list:
        ((kind: string) =>
          ask("list", () =>
            [...this.#stored.values()].filter((one) => one.kind === kind)
              .map((one) => structuredClone(one)))) as unknown as Platform["list"],
      apply:
        ((resource: Stored) => ask("apply", () => this.#apply(resource))) as unknown as Platform[
          "apply"
        ],
      remove:
        ((_kind: string, name: string) =>
          ask("remove", () => void this.#stored.delete(name))) as Platform["remove"],
      watch: unused as unknown as Platform["watch"],
    };
  }

  #apply(resource: Stored): Stored {
    const { name, resourceVersion: wanted } = resource.metadata;
    const before = this.#stored.get(name);
    if (wanted !== undefined && wanted !== (before?.metadata.resourceVersion ?? "")) {
      throw appError("conflict", { kind: resource.kind, name });
    }
    const stored = structuredClone(resource);
    stored.metadata.resourceVersion = String(++this.#version);
    this.#stored.set(name, stored);
    const ledger = stored.data?.["ledger"] ?? stored.data?.["head"];
    if (ledger !== undefined) this.#onLedger(Buffer.from(ledger, "base64").toString());
    return structuredClone(stored);
  }

  #ask<T>(verb: string, act: () => T): Promise<T> {
    const world = theWorld();
    const process = thisProcess();
    const url = "https://cluster";
    const failed = (status: number) =>
      appError("api-failed", { url, status, message: "simulated" });
    return awaitAction(verb, {
      takesMs: [1, 25],
      isRemote: true,
      act: (place) => {
        if (process !== undefined && (this.#cutOff.get(process) ?? 0) > world.now) {
          throw appError("unreachable", { url, why: "the network is parted" });
        }
        if (world.strikes("429", place)) throw failed(429);
        if (world.strikes("500", place)) throw failed(500);
        if (verb === "apply" && world.strikes("409", place)) {
          throw appError("conflict", { kind: "Secret", name: "ledger" });
        }
        const result = act();
        if (verb !== "get" && world.strikes("504 after commit", place)) throw failed(504);
        return result;
      },
    });
  }
}
