import { randomBytes } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";
import process from "node:process";
import { ControllerClock } from "../../../src/controller/controller_clock.ts";
import { ownIdentity } from "../../../src/grant_service/service_identity.ts";
import { runController } from "../../../src/controller/controller.ts";
import { errorFields, reportTo } from "../../../src/controller/log.ts";
import type { RunningController } from "../../../src/platform/abilities.ts";
import type { ClusterRunOptions } from "../../../src/platform/controller_options.ts";
import { abortable } from "../../../src/runtime/abortable.ts";
import type { ApiClient } from "../api/client.ts";
import { certificateReasons, clockReasons, grantPort, operationsPort } from "../deployed_names.ts";
import { ClusterStore } from "../store.ts";
import { AddressWatch } from "./address_watch.ts";
import { CertificateWait } from "./certificate_wait.ts";
import { openClusterCertificate } from "./cluster_certificate.ts";
import { openCluster } from "./cluster_home.ts";
import { EventRecorder } from "./event_recorder.ts";
import { identitySecret } from "./identity_secret.ts";
import { ReplicaEvents } from "./replica_events.ts";

/** Where the controller of a cluster runs. */
export interface ControllerPlace {
  api: ApiClient;
  /** The namespace of the controller, which holds the controller's own Secrets. */
  namespace: string;
  /** True in a Pod, whose name and ports are known to others. */
  inPod: boolean;
  env: Record<string, string | undefined>;
  version: string;
}

/** How many ports are tried outside of a Pod where none is fixed. */
const portsTried = 100;

/** How long a Pod that ends still gets new connections, in milliseconds. */
const lingerMs = 5000;

/** How long Events may hold up the end, in milliseconds. */
const eventsLimitMs = 2000;

/**
 * Serves a cluster in this process until the signal aborts, beside any number of others that do.
 * Throws `port-in-use`, and what the first look at the cluster throws.
 */
export async function runClusterController(
  place: ControllerPlace,
  options: ClusterRunOptions,
  signal: AbortSignal,
  log: (line: string) => void,
  ready?: (status: RunningController) => void,
): Promise<void> {
  const { api, namespace, inPod, env, version } = place;
  const report = reportTo(log, Date.now);
  const onProblem = (problem: unknown) => report("cluster-failed", errorFields(problem));
  const replica = nameReplica(place);
  const startedAt = new Date().toISOString();
  // what is in flight when the signal aborts still needs the cluster
  const work = new AbortController();
  const events = new EventRecorder(api, replica, onProblem);
  const told = { api, namespace, replica, onProblem };
  const clockEvents = new ReplicaEvents({
    ...{ ...told, reasons: clockReasons, allIsWell: "the clock is right" },
  });
  const certificateEvents = new ReplicaEvents({
    ...{ ...told, reasons: certificateReasons, allIsWell: "the certificate is served" },
  });
  try {
    const address = options.expose === undefined ? undefined : new AddressWatch(api, {
      namespace,
      exposure: options.expose,
      host: options.grantHost,
      onProblem,
    });
    const now = () => api.clock.now() ?? Date.now();
    const namespaces = options.watchNamespaces;
    const setup = { api, namespaces, replica, now, address, onProblem };
    const clock = new ControllerClock({ now, machine: Date.now, other: "the cluster" });
    const readings = () => clock.readings();
    const operations = {
      host: inPod ? everyAddress() : "127.0.0.1",
      ports: [options.operationsPort ?? (inPod ? operationsPort : 0)],
    };
    const wait = new CertificateWait(operations, (problem) => {
      report("certificate-awaited", { problem });
      void certificateEvents.judged(problem, work.signal);
    });
    const onAwaited = inPod ? (why: string) => wait.awaited(why) : undefined;
    const around = { api, namespace, env, readings, onProblem, onAwaited };
    const opening = openClusterCertificate(options, around, work.signal);
    const certificate = await abortable(opening, signal).finally(() => wait.end());
    await address?.start(signal);
    const home = await abortable(openCluster(setup, work.signal), signal);
    await runController({
      home,
      replica,
      clock,
      identity: certificate ??
        ownIdentity(identitySecret(new ClusterStore(api, namespace), work.signal), readings),
      ...(certificate && { certificate }),
      ports: choosePorts(place, options),
      ...(options.proxyProtocolFrom && { proxies: options.proxyProtocolFrom }),
      hosts: {
        fixed: address === undefined ? options.grantHost : undefined,
        ofMachine: () => Promise.resolve(address?.current),
        isAddressGiven: address !== undefined,
      },
      operations,
      ...(inPod ? { lingerMs } : {}),
      env,
      log,
      certificateJudged: ({ problem }) => certificateEvents.judged(problem, work.signal),
      clockJudged: (problem) => clockEvents.judged(problem, work.signal),
      announce: (announcement) => events.announce(announcement),
      listening({ grantUrl, operationsUrl }) {
        const status = {
          running: true as const,
          home: api.url,
          pid: process.pid,
          version,
          startedAt,
        };
        ready?.({ ...status, grantUrl, operationsUrl });
        return Promise.resolve();
      },
    }, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await events.stop(eventsLimitMs);
    work.abort();
  }
}

/**
 * A Pod's name stays when its container starts again: the replica goes on with what it had begun.
 */
function nameReplica({ inPod, env }: ControllerPlace): string {
  const pod = inPod ? env["HOSTNAME"] : undefined;
  return pod ?? `${hostname()}-${randomBytes(4).toString("hex")}`;
}

function choosePorts({ inPod }: ControllerPlace, options: ClusterRunOptions): number[] {
  if (options.grantPort !== undefined) return [options.grantPort];
  return Array.from({ length: inPod ? 1 : portsTried }, (_, i) => grantPort + i);
}

/** All of IPv6 is all of IPv4 too, where there is IPv6. */
function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}
