import { Buffer } from "node:buffer";
import { ApiClient } from "../../../platforms/kubernetes/api/client.ts";
import { runClusterController } from "../../../platforms/kubernetes/controller/controller_runner.ts";
import { type Ledger, usesSpent } from "../../../src/grant_service/ledger/ledger.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { createAuthority } from "../../../src/pki/authority.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { Happening, HappeningNow } from "../history.ts";
import { judge } from "../judge.ts";
import { clearAddresses, listenAt, servicesAt } from "./addresses.ts";
import { ApiServer, enterCluster, type Stored } from "./api_server.ts";
import { type ClientState, runClient } from "./client.ts";
import { hearRedeemers } from "./exchange.ts";
import type { Service } from "./network.ts";
import { isKeyOfCertificate, parseCertificate } from "./pki/certificate.ts";
import { beginWorld, healAfterMs, type Outcome, restMs, start } from "./scenario.ts";
import { simulatedCode } from "./simulated_grant.ts";
import { upstreamHandler } from "./upstream_service.ts";
import { Host, onKilled, type Process, type World } from "./world.ts";

const ourHost = "west.example";
const upstreamHost = "upstream.example";
/** How often the user looks whether the grant is ready, in milliseconds. */
const lookMs = 250;
/** How long after all is well a token that was refused is put in again, in milliseconds. */
const returnAfterMs = 40_000;
/** A status that old is known to every replica that is not cut off. */
const settledMs = 60_000;

/**
 * Simulates the history of a seed in a cluster: one to three replicas of the product's controller
 * as it is, with its client of the API, caches, queues, ledgers, claims and redemptions. They serve
 * a grant in one namespace and redeem tokens in others, at their own service or at upstream's.
 */
export async function runControllers(
  seed: number,
  leftOut: ReadonlySet<string>,
): Promise<Outcome> {
  const world = beginWorld(seed, leftOut);
  const history = new ClusterHistory(world);
  await history.run();
  const { happenings } = history;
  const { digest, faults } = world;
  return { seed, digest, faults, happenings, violations: judge(happenings) };
}

interface Replica {
  host: Host;
  process: Process;
  starts: number;
  stop: AbortController;
}

class ClusterHistory {
  readonly happenings: Happening[] = [];
  readonly #world: World;
  readonly #api: ApiServer;
  readonly #replicas: Replica[];
  readonly #tokens: string[];
  readonly #clients: (ClientState & { host: Host })[];
  readonly #isAtUpstream: boolean;
  readonly #uses: number;
  readonly #ended = new Set<string>();
  /** What the grant's status said, and since when. */
  readonly #spentInStatus: [at: number, spent: number][] = [];
  #grant: string | undefined;
  #code = simulatedCode;

  constructor(world: World) {
    this.#world = world;
    const pick = (what: string, most: number) => Math.floor(world.draw(what) * most);
    this.#uses = [1, 1, 2, 3, 7][pick("uses", 5)]!;
    this.#isAtUpstream = world.draw("at upstream") < 0.25;
    this.#api = new ApiServer({
      arriving: (object) => this.#noteLedger(object, "storing"),
      stored: (object) => this.#noteStored(object),
    });
    enterCluster(this.#api);
    clearAddresses(({ process }) => {
      if (process.host.address === ourHost) this.#recordOfGrant({ what: "started" });
    });
    hearRedeemers({
      record: (happening) => this.#record(happening),
      acknowledged: (attempt, service) => this.#acknowledged(attempt, service),
    });
    this.#replicas = Array.from({ length: 1 + pick("replicas", 3) }, (_, number) => {
      const host = new Host(`replica-${number}`);
      host.address = ourHost;
      host.offsetMs = (world.draw(`offset ${number}`) - 0.5) * 4000;
      if (world.draw(`minutes ${number}`) < 0.15 && world.inject("clock step", host.name)) {
        host.offsetMs += 60_000;
      }
      return {
        host,
        process: world.start(`${host.name}.0`, host),
        starts: 0,
        stop: new AbortController(),
      };
    });
    this.#tokens = Array.from({ length: 1 + pick("tokens", 3) }, (_, number) => `east-${number}`);
    this.#clients = Array.from(
      { length: this.#isAtUpstream ? 0 : pick("clients", 4) },
      (_, number) => ({
        name: `far-${number}`,
        hasKey: false,
        wanted: 1,
        kept: [],
        attempts: 0,
        hasEnded: false,
        host: new Host(`client ${number}`),
      }),
    );
  }

  async run(): Promise<void> {
    const world = this.#world;
    await this.#prepare();
    onKilled.tell = (process) => this.#startAgain(process);
    for (const replica of this.#replicas) this.#begin(replica);
    for (let number = 0; number < Math.floor(world.draw("events") * 6); number++) {
      this.#schedule(number);
    }
    this.#awaitGrant();
    await world.run(start + healAfterMs);
    world.isHealed = true;
    world.schedule(returnAfterMs, undefined, () => this.#putInAgain());
    const isRevoked = this.happenings.some(({ what }) => what === "revoking");
    if (isRevoked) {
      world.schedule(30_000, undefined, () => this.#recordOfGrant({ what: "revoked" }));
    }
    const end = start + healAfterMs + restMs;
    await world.run(end, () => world.now > start + healAfterMs + returnAfterMs && this.#isOver());
    await world.run(Math.max(world.now, start + healAfterMs) + 150_000);
    for (const name of [...this.#tokens, ...this.#clients.map(({ name }) => name)]) {
      const isKnown = this.happenings.some((one) => one.what === "asked" && one.client === name);
      if (!this.#hasEnded(name) && (isKnown || this.#grant !== undefined)) {
        this.#record({ what: "ended", client: name, how: "stuck" });
      }
    }
    this.#recordFinal();
  }

  #record(happening: HappeningNow): void {
    this.happenings.push({ at: this.#world.now, ...happening });
  }

  #recordOfGrant(happening: { what: "started" | "revoking" | "revoked" }): void {
    if (this.#grant !== undefined) this.#record({ ...happening, grant: this.#grant });
  }

  /** The sites, and who else is there from the beginning. */
  async #prepare(): Promise<void> {
    const created = new Date(start - 86_400_000).toISOString().replace(/\.\d+Z/, "Z");
    const site = (namespace: string, status: Record<string, unknown>): Stored => ({
      apiVersion,
      metadata: {
        name: namespace,
        namespace,
        uid: `site-${namespace}`,
        creationTimestamp: created,
      },
      spec: { linkAccess: "default" },
      status: {
        conditions: [{
          ...{ type: "Ready", status: "True", reason: "Ready", message: "OK" },
          ...{ lastTransitionTime: created, observedGeneration: 1 },
        }],
        ...status,
      },
    });
    const endpoints = [{ name: "inter-router", host: "west", port: "55671" }];
    this.#api.put("sites", site("west", { endpoints }));
    for (const name of this.#tokens) this.#api.put("sites", site(name, {}));
    const authority = await createAuthority("west", { now: start });
    const encode = (text: string) => Buffer.from(text).toString("base64");
    this.#api.put("secrets", {
      apiVersion: "v1",
      metadata: { name: "skupper-site-ca", namespace: "west" },
      data: {
        "tls.crt": encode(authority.certificatePem),
        "tls.key": encode(authority.privateKeyPem),
      },
    });
    if (this.#isAtUpstream) this.#serveAsUpstream(authority);
    else {
      const expirationWindow = this.#world.draw("expires") < 0.2 ? "45s" : "15m";
      // the code is the user's, or the controller's
      const spec = this.#world.draw("code") < 0.5 ? { code: simulatedCode } : {};
      this.#world.schedule(
        this.#world.draw("issued") * 5000,
        undefined,
        () =>
          this.#api.put("accessgrants", {
            apiVersion,
            metadata: { name: "west", namespace: "west" },
            spec: { redemptionsAllowed: this.#uses, expirationWindow, ...spec },
          }),
      );
    }
    for (const { host } of this.#replicas) this.#record({ what: "clock", offsetMs: host.offsetMs });
  }

  #serveAsUpstream(authority: { certificatePem: string; privateKeyPem: string }): void {
    const host = new Host("upstream");
    host.address = upstreamHost;
    this.#grant = "grant-at-upstream";
    this.#record({ what: "issued", grant: this.#grant, uses: Infinity, expiresAt: Infinity });
    const setup = {
      ...{ grant: this.#grant, code: simulatedCode, authority },
      uses: this.#uses + 20,
      record: (happening: HappeningNow) => this.#record(happening),
    };
    const process = this.#world.start("upstream", host);
    listenAt(process, upstreamHandler(setup), authority);
    this.#makeTokens(`https://${upstreamHost}:9090/${this.#grant}`, authority.certificatePem);
  }

  #begin(replica: Replica): void {
    const { host } = replica;
    const process = this.#world.start(`${host.name}.${replica.starts}`, host);
    replica.process = process;
    replica.stop = new AbortController();
    const { signal } = replica.stop;
    this.#world.as(process, () => void serve(host.name, signal));
  }

  #startAgain(process: Process): void {
    const world = this.#world;
    const afterMs = 50 + world.draw(`${process.name} again`) * 4000;
    const client = this.#clients.find(({ host }) => host === process.host);
    if (client !== undefined) return this.#launch(client, afterMs);
    const replica = this.#replicas.find(({ host }) => host === process.host)!;
    replica.starts++;
    world.schedule(afterMs, undefined, () => this.#begin(replica));
  }

  #launch(client: ClientState & { host: Host }, afterMs: number): void {
    const world = this.#world;
    const setup = {
      ...{ grant: this.#grant!, code: this.#code },
      services: () => servicesAt(ourHost),
      record: (happening: HappeningNow) => this.#record(happening),
      acknowledged: (attempt: string, service: Service) => this.#acknowledged(attempt, service),
      mayGoOn: () => this.#world.now > start + healAfterMs + returnAfterMs,
    };
    world.schedule(afterMs, undefined, () => {
      const process = world.start(`${client.host.name}.${client.attempts}`, client.host);
      world.as(process, () => void runClient(client, setup));
    });
  }

  #acknowledged(attempt: string, { process }: Service): void {
    // a service that lives on keeps it in mind; one that dies may not have had the time
    this.#world.schedule(15_000, undefined, () => {
      if (process.isAlive && this.#world.isHealed) this.#record({ what: "acknowledged", attempt });
    });
  }

  /** Gives the tokens out as soon as the grant can be redeemed. */
  #awaitGrant(): void {
    const found = this.#api.find("accessgrants", "west", "west");
    if (this.#grant !== undefined) return;
    const { status = {} } = (found ?? {}) as { status?: Record<string, string> };
    const ready = (found?.status?.["conditions"] as { type: string; status: string }[] | undefined)
      ?.some(({ type, status }) => type === "Ready" && status === "True");
    if (!ready) return void this.#world.schedule(lookMs, undefined, () => this.#awaitGrant());
    const { uid } = found!.metadata;
    this.#grant = uid!;
    this.#code = status["code"]!;
    const expiresAt = Date.parse(status["expirationTime"]!);
    this.#record({ what: "issued", grant: uid!, uses: this.#uses, expiresAt });
    this.#record({ what: "clock", offsetMs: this.#api.offsetMs });
    this.#recordOfGrant({ what: "started" });
    this.#makeTokens(status["url"]!, status["ca"]!);
    for (const client of this.#clients) {
      this.#launch(client, this.#world.draw(`${client.name} begins`) * 30_000);
    }
  }

  #makeTokens(url: string, ca: string): void {
    for (const name of this.#tokens) {
      this.#world.schedule(this.#world.draw(`${name} begins`) * 40_000, undefined, () => {
        this.#api.put("accesstokens", {
          apiVersion,
          metadata: { name, namespace: name },
          spec: { url, ca, code: this.#code },
        });
      });
    }
  }

  /** Changes the tokens that were refused: each is tried once more, with the key that is kept. */
  #putInAgain(): void {
    if (this.#isAtUpstream) return;
    for (const token of this.#api.all("accesstokens")) {
      const { metadata: { name, generation = 1, ...metadata }, spec, ...rest } = token;
      if (rest.status?.["status"] !== "Error") continue;
      this.#ended.delete(name);
      this.#record({ what: "returned", client: name });
      this.#api.put("accesstokens", {
        ...rest,
        metadata: { ...metadata, name, generation: generation + 1 },
        spec: { ...spec, linkCost: 2 },
      });
    }
  }

  #noteLedger({ data }: Stored, what: "storing" | "stored"): void {
    const text = ledgerText(data);
    if (text === undefined || this.#grant === undefined) return;
    const ledger = readLedger(text);
    const serials = ledger.redemptions.map(({ serial }) => serial);
    this.#record({ what, grant: ledger.grantUid, spent: usesSpent(ledger), serials });
  }

  #noteStored(object: Stored): void {
    const { kind, metadata: { name, namespace = "" }, status = {} } = object;
    if (kind === "Secret") this.#noteLedger(object, "stored");
    if (kind === "AccessGrant") {
      this.#spentInStatus.push([this.#world.now, Number(status["redemptions"] ?? 0)]);
    }
    if (kind === "Link") {
      const { data = {} } = this.#api.find("secrets", namespace, name) ?? {};
      const [certificate, key] = ["tls.crt", "tls.key"].map((field) =>
        Buffer.from(data[field] ?? "", "base64").toString()
      );
      if (!isKeyOfCertificate(certificate!, key!)) return;
      this.#record({
        what: "kept",
        client: namespace,
        serial: parseCertificate(certificate!).serial,
      });
    }
    if (kind === "AccessToken" && !this.#ended.has(name)) {
      // of a spec that was changed since nothing is said yet
      const { conditions = [] } = status as { conditions?: { observedGeneration: number }[] };
      const { generation } = object.metadata;
      if (conditions.some(({ observedGeneration }) => observedGeneration !== generation)) return;
      const isRefused = status["status"] === "Error";
      if (!isRefused && status["redeemed"] !== true) return;
      this.#ended.add(name);
      this.#record({ what: "ended", client: name, how: isRefused ? "refused" : "kept" });
    }
  }

  #schedule(number: number): void {
    const world = this.#world;
    const place = `event ${number}`;
    const replica = this
      .#replicas[Math.floor(world.draw(`${place} where`) * this.#replicas.length)]!;
    world.schedule(world.draw(`${place} when`) * healAfterMs * 0.9, undefined, () => {
      const lasts = 1000 + world.draw(`${place} lasts`) * 25_000;
      const clockOf = (clock: { offsetMs: number }, step: number) => {
        if (!world.inject("clock step", place)) return;
        for (const [afterMs, ms] of [[0, step], [lasts, -step]] as const) {
          world.schedule(afterMs, undefined, () => {
            clock.offsetMs += ms;
            this.#record({ what: "clock", offsetMs: clock.offsetMs });
          });
        }
      };
      const step = [2 * 86_400_000, -2 * 86_400_000, 60_000, -60_000][
        Math.floor(world.draw(`${place} step`) * 4)
      ]!;
      const { process } = replica;
      switch (Math.floor(world.draw(`${place} what`) * 8)) {
        case 0:
          return clockOf(replica.host, step);
        case 1:
          return clockOf(this.#api, step);
        case 2:
          if (!world.inject("partition", place)) return;
          return this.#api.cutOff(process, world.now + lasts);
        case 3:
          if (!process.isAlive || !world.inject("kill", place)) return;
          world.kill(process);
          return this.#startAgain(process);
        case 4:
          // longer than a claim lasts only where two requests at once cost nothing
          if (!world.inject("SIGSTOP", place)) return;
          process.stoppedUntil = world.now +
            (this.#isAtUpstream ? Math.min(lasts, 20_000) : 2 * lasts);
          return;
        case 5:
          return this.#stopInOrder(replica, place);
        case 6:
          return this.#restoreLater(place, lasts);
        case 7:
          if (world.draw(`${place} revokes`) > 0.3 || this.#isAtUpstream) return;
          this.#recordOfGrant({ what: "revoking" });
          return this.#api.remove("accessgrants", "west", "west");
      }
    });
  }

  /** As a rollout does: SIGTERM, and another one in its place. */
  #stopInOrder(replica: Replica, place: string): void {
    const { process } = replica;
    if (!process.isAlive || !this.#world.inject("SIGTERM", place)) return;
    this.#world.as(process, () => replica.stop.abort(new Error("terminated")));
    this.#world.schedule(32_000, undefined, () => {
      if (!process.isAlive) return;
      this.#world.kill(process);
      this.#startAgain(process);
    });
  }

  /** Puts the ledger as it is now in the place of a later one, as of a backup of single objects. */
  #restoreLater(place: string, afterMs: number): void {
    const ledger = this.#api.all("secrets").find(({ data }) => ledgerText(data) !== undefined);
    if (ledger === undefined || this.#grant === undefined) return;
    this.#world.schedule(afterMs, undefined, () => {
      const { namespace = "", name } = ledger.metadata;
      if (this.#api.find("secrets", namespace, name) === undefined) return;
      if (!this.#world.inject("ledger restored", place)) return;
      const before = this.#world.now - settledMs;
      const spent = this.#spentInStatus.findLast(([at]) => at <= before)?.[1] ?? 0;
      const { metadata: { resourceVersion: _, ...metadata }, ...rest } = ledger;
      const ofCopy = usesSpent(readLedger(ledgerText(ledger.data)!));
      this.#record({ what: "restored", grant: this.#grant!, spent: Math.max(spent, ofCopy) });
      this.#api.put("secrets", { ...rest, metadata });
    });
  }

  #hasEnded(name: string): boolean {
    const client = this.#clients.find((one) => one.name === name);
    return client?.hasEnded ?? this.#ended.has(name);
  }

  #isOver(): boolean {
    return [...this.#tokens, ...this.#clients.map(({ name }) => name)]
      .every((name) => this.#hasEnded(name));
  }

  #recordFinal(): void {
    const ledger = this.#api.all("secrets").find(({ data }) => ledgerText(data) !== undefined);
    if (ledger === undefined || this.#grant === undefined) return;
    const { grantUid, ...read } = readLedger(ledgerText(ledger.data)!);
    this.#record({
      what: "final",
      grant: grantUid,
      spent: usesSpent({ grantUid, ...read }),
      uses: read.redemptions.map(({ serial, keyHash, name, at }) => ({
        serial,
        claimant: keyHash === undefined ? `name ${name}` : `key ${keyHash}`,
        at: Date.parse(at),
      })),
    });
  }
}

/** A ledger of a history is small enough to have no pages; its head is all of it. */
function ledgerText(data: Stored["data"]): string | undefined {
  return data?.["ledger"] ?? data?.["head"];
}

function readLedger(encoded: string): Ledger {
  return JSON.parse(Buffer.from(encoded, "base64").toString());
}

/** Runs the product's controller as a Pod does: one that fails is started again. */
async function serve(replica: string, signal: AbortSignal): Promise<void> {
  const server = "https://cluster";
  const access = {
    context: { name: "simulated", files: [], cluster: { server } },
    prepare: () => Promise.resolve({ headers: {}, agent: {}, route: {} }),
    renew() {},
  };
  while (!signal.aborted) {
    const api = new ApiClient(
      access as unknown as ConstructorParameters<typeof ApiClient>[0],
      "sim",
    );
    const place = {
      ...{ api, namespace: "hawser", inPod: true, version: "0" },
      env: { HOSTNAME: replica },
    };
    try {
      await runClusterController(place, { grantHost: ourHost }, signal, logTo(replica));
    } catch {
      await sleep(1000);
    }
  }
}

function logTo(_replica: string): (line: string) => void {
  return () => {};
}
