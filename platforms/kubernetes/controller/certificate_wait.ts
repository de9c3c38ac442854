import {
  type OperationsPlace,
  type OperationsServer,
  startOperationsServer,
} from "../../../src/grant_service/http/operations_server.ts";
import { createMetrics } from "../../../src/grant_service/metrics.ts";

/**
 * A Pod whose certificate is yet to be made, as by a cert-manager that was asked for it in the same
 * `kubectl apply`: it is alive, not ready, and says why, so that the kubelet leaves it alone.
 */
export class CertificateWait {
  readonly #operations: OperationsPlace;
  readonly #tell: (why: string) => void;
  #why: string | undefined;
  #server: OperationsServer | undefined;

  /** `tell` is told what is awaited each time that this is something else. */
  constructor(operations: OperationsPlace, tell: (why: string) => void) {
    this.#operations = operations;
    this.#tell = tell;
  }

  /** What is missing now. Throws `port-in-use` and `port-forbidden`. */
  async awaited(why: string): Promise<void> {
    if (why !== this.#why) this.#tell(why);
    this.#why = why;
    this.#server ??= await startOperationsServer({
      ...this.#operations,
      metrics: createMetrics(),
      whyNotReady: () => this.#why,
    });
  }

  /** Gives the port to the controller. */
  async end(): Promise<void> {
    await this.#server?.stop();
  }
}
