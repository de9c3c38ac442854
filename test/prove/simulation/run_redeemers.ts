import { Buffer } from "node:buffer";
import { join } from "node:path";
import { namespacePaths } from "../../../platforms/resource_files/paths.ts";
import { LedgerFiles } from "../../../platforms/resource_files/serving/ledger_files.ts";
import { pendingKeyFiles } from "../../../platforms/resource_files/serving/pending_keys.ts";
import { siteUid } from "../../../platforms/resource_files/site/site_authority.ts";
import { FileStore } from "../../../platforms/resource_files/store/store.ts";
import { isAppError } from "../../../src/errors/app_error.ts";
import {
  allRedemptions,
  type Ledger,
  usesSpent,
} from "../../../src/grant_service/ledger/ledger.ts";
import { createAuthority } from "../../../src/pki/authority.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { writeResource } from "../../../src/resources/yaml.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { redeemToken } from "../../../src/token/redeem.ts";
import type { UsableToken } from "../../../src/token/token_file.ts";
import { startDeadline } from "../../../src/wait/deadline.ts";
import type { Happening, HappeningNow } from "../history.ts";
import { judge } from "../judge.ts";
import { clearAddresses, listenAt } from "./addresses.ts";
import { Disk } from "./disk.ts";
import { hearRedeemers } from "./exchange.ts";
import { type GrantFacts, startIssuer } from "./issuer.ts";
import { isKeyOfCertificate, parseCertificate } from "./pki/certificate.ts";
import { storedWith } from "./run_history.ts";
import { issueSimulated, simulatedCode, simulatedUid } from "./simulated_grant.ts";
import { beginWorld, healAfterMs, type Outcome, restMs, start } from "./scenario.ts";
import { Host, onKilled, type Process, type World } from "./world.ts";

const ledgers = "/data/ledgers";
const issuingHost = "west.example";
const tryLimitMs = 10_000;
/** How long after all is well a token that was refused is put in again, in milliseconds. */
const returnAfterMs = 40_000;

/** A token on the redeeming machine, and what came of it. */
interface RedeemedHere {
  token: UsableToken;
  /** Undefined while somebody is at it. */
  ended?: "kept" | "refused";
  hasReturned: boolean;
  /** Whether that was told by what another process had stored, which may not be on the disk yet. */
  isHearsay?: boolean;
}

/**
 * Simulates the history of a seed on one machine that redeems: processes of the product's redeemer
 * as they are, on resource files, with their keys, locks, Secrets and Links, on a disk that fails.
 * One or two are at each token. A service on another machine, with a disk of its own, serves them.
 */
export async function runRedeemers(seed: number, leftOut: ReadonlySet<string>): Promise<Outcome> {
  const world = beginWorld(seed, leftOut);
  const history = new RedeemerHistory(world);
  await history.run();
  const { digest, faults } = world;
  const { happenings } = history;
  return { seed, digest, faults, happenings, violations: judge(happenings) };
}

class RedeemerHistory {
  readonly happenings: Happening[] = [];
  readonly #world: World;
  readonly #issuer = new Host("issuer 0");
  readonly #machine = new Host("east");
  readonly #uses: number;
  readonly #home: string;
  readonly #tokens: RedeemedHere[] = [];
  /** Which token each process of the machine is at. */
  readonly #atWork = new Map<Process, RedeemedHere>();
  #starts = 0;

  constructor(world: World) {
    this.#world = world;
    this.#uses = [1, 1, 2, 3][Math.floor(world.draw("uses") * 4)]!;
    // what the product remembers of files it does by their paths, and histories share a process
    this.#home = `/home/${world.seed}`;
  }

  async run(): Promise<void> {
    const world = this.#world;
    const disk = new Disk();
    disk.makeFolder(ledgers, 0o700);
    this.#issuer.disk = disk;
    this.#issuer.address = issuingHost;
    clearAddresses(() => {});
    hearRedeemers({ record: (one) => this.#record(one), acknowledged: () => {} });
    const windowMs = world.draw("expires") < 0.2 ? 40_000 : 15 * 60_000;
    const authority = await createAuthority("site", { now: start });
    const facts = issueSimulated(this.#uses, start + windowMs);
    this.#record({
      what: "issued",
      grant: simulatedUid,
      uses: this.#uses,
      expiresAt: start + windowMs,
    });
    const serve = () => this.#serve(facts, authority);
    onKilled.tell = (process) => {
      if (process.host === this.#machine) return this.#goOn(process);
      this.#mayCutPower(process);
      world.schedule(50 + world.draw(`${process.name} again`) * 4000, undefined, serve);
    };
    serve();
    await this.#prepareMachine(authority.certificatePem);
    for (let number = 0; number < Math.floor(world.draw("events") * 6); number++) {
      this.#schedule(number);
    }
    await world.run(start + healAfterMs);
    world.isHealed = true;
    const end = start + healAfterMs + restMs;
    await world.run(end, () => this.#tokens.every(({ ended }) => ended !== undefined));
    await world.run(Math.max(world.now, start + healAfterMs) + 150_000);
    await this.#recordWhatIsThere();
  }

  #record(happening: HappeningNow): void {
    this.happenings.push({ at: this.#world.now, ...happening });
  }

  #serve(facts: GrantFacts, authority: { certificatePem: string; privateKeyPem: string }): void {
    const process = this.#world.start(`${this.#issuer.name}.${this.#starts++}`, this.#issuer);
    const record = (happening: HappeningNow) => this.#record(happening);
    const setup = { facts, service: undefined, authority, record, ledgers: () => this.#ledgers() };
    const issuer = startIssuer(this.#issuer, process, setup);
    // nobody listens before the service is there
    const answer = (request: Parameters<NonNullable<typeof issuer.handle>>[0]) =>
      issuer.handle?.(request) ?? Promise.reject(new Error("not yet"));
    listenAt(process, answer, authority);
  }

  #ledgers() {
    const record = (happening: HappeningNow) => this.#record(happening);
    return storedWith(new LedgerFiles("west", () => Promise.resolve(ledgers)), record);
  }

  /** The machine with its site, and the tokens on it. */
  async #prepareMachine(ca: string): Promise<void> {
    const world = this.#world;
    const disk = new Disk({ isWithoutLinks: world.draw("links") < 0.3 });
    this.#machine.disk = disk;
    const { inputIssuers, inputResources } = this.#paths();
    const authority = await createAuthority("skupper-site-ca", { now: start });
    const put = (path: string, text: string) => disk.put(path, Buffer.from(text));
    const folder = join(inputIssuers, "skupper-site-ca");
    put(join(folder, "ca.crt"), authority.certificatePem);
    put(join(folder, "tls.crt"), authority.certificatePem);
    put(join(folder, "tls.key"), authority.privateKeyPem);
    const site = { apiVersion, kind: "Site", metadata: { name: "east" } };
    put(join(inputResources, "Site-east.yaml"), writeResource(site));
    for (let number = 0; number < 1 + Math.floor(world.draw("tokens") * 2); number++) {
      const metadata = { name: `east-${number}` };
      const spec = { url: `https://${issuingHost}:9090/${simulatedUid}`, ca, code: simulatedCode };
      const token = { apiVersion, kind: "AccessToken", metadata, spec } as UsableToken;
      const here: RedeemedHere = { token, hasReturned: false };
      this.#tokens.push(here);
      const runners = world.draw(`runners ${number}`) < 0.5 ? 1 : 2;
      for (let runner = 0; runner < runners; runner++) {
        this.#launch(here, world.draw(`begins ${number} ${runner}`) * 30_000);
      }
    }
  }

  #paths() {
    return namespacePaths(this.#home, "east");
  }

  #openStore(): Platform {
    const paths = this.#paths();
    return new FileStore("linux", paths, {
      siteUid: () => siteUid(paths),
      deriveStatus: () => Promise.resolve(undefined),
    });
  }

  #launch(here: RedeemedHere, afterMs: number): void {
    const world = this.#world;
    world.schedule(afterMs, undefined, () => {
      const process = world.start(
        `east ${here.token.metadata.name}.${this.#starts++}`,
        this.#machine,
      );
      this.#atWork.set(process, here);
      world.as(process, () => void this.#redeem(here));
    });
  }

  /** Redeems as somebody does who gives the same command until it succeeds or is refused. */
  async #redeem(here: RedeemedHere): Promise<void> {
    const { token } = here;
    const client = token.metadata.name;
    while (here.ended === undefined) {
      const deadline = startDeadline(tryLimitMs, new AbortController().signal);
      try {
        const pendingKeys = pendingKeyFiles(this.#paths());
        const options = { deadline, pendingKeys, env: {}, now: Date.now };
        await redeemToken(this.#openStore(), token, options, () => {});
        here.ended ??= "kept";
      } catch (error) {
        if (isAppError(error, "already-redeemed")) {
          if (here.ended === undefined) here.isHearsay = true;
          here.ended ??= "kept";
        } else if (isAppError(error, "token-expired", "token-unknown")) await this.#comeBack(here);
        else if (isAppError(error, "token-used-up", "token-revoked", "token-refused")) {
          here.ended ??= "refused";
          this.#record({ what: "ended", client, how: "refused" });
        }
      } finally {
        deadline.end();
      }
      await sleep(200 + 1500 * Math.random());
    }
  }

  /** Asks once more when all is well: a use that was given to the key is its own. */
  async #comeBack(here: RedeemedHere): Promise<void> {
    const client = here.token.metadata.name;
    if (here.hasReturned) {
      here.ended ??= "refused";
      return this.#record({ what: "ended", client, how: "refused" });
    }
    while (this.#world.now < start + healAfterMs + returnAfterMs) await sleep(1000);
    here.hasReturned = true;
    this.#record({ what: "returned", client });
  }

  /** Another process goes on where one was killed; with the power all of them go. */
  #goOn(process: Process): void {
    const world = this.#world;
    const isCut = this.#mayCutPower(process);
    // whoever did not store it looks again
    for (const here of isCut ? this.#tokens.filter(({ isHearsay }) => isHearsay) : []) {
      delete here.ended;
      here.isHearsay = false;
      this.#launch(here, 50 + world.draw(`${process.name} looks`) * 4000);
    }
    for (const [one, here] of [...this.#atWork]) {
      if (one !== process && !isCut) continue;
      world.kill(one);
      this.#atWork.delete(one);
      if (here.ended === undefined) {
        this.#launch(here, 50 + world.draw(`${one.name} again`) * 4000);
      }
    }
  }

  #mayCutPower({ name, host }: Process): boolean {
    const world = this.#world;
    if (world.draw(`${name} ends`) >= 0.4 || !world.inject("power cut", name)) return false;
    (host.disk as Disk).cutPower(name);
    return true;
  }

  #schedule(number: number): void {
    const world = this.#world;
    const place = `event ${number}`;
    world.schedule(world.draw(`${place} when`) * healAfterMs * 0.9, undefined, () => {
      if (world.draw(`${place} what`) < 0.5) {
        const [process] = [...this.#atWork.keys()].filter(({ isAlive }) => isAlive);
        if (process === undefined || !world.inject("kill", place)) return;
        world.kill(process);
        return onKilled.tell(process);
      }
      if (!world.inject("clock step", place)) return;
      const host = world.draw(`${place} where`) < 0.5 ? this.#issuer : this.#machine;
      const step = (world.draw(`${place} step`) < 0.5 ? 2 : -2) * 86_400_000;
      const lastsMs = 1000 + world.draw(`${place} lasts`) * 25_000;
      for (const [afterMs, ms] of [[0, step], [lastsMs, -step]] as const) {
        world.schedule(afterMs, undefined, () => {
          host.offsetMs += ms;
          if (host === this.#issuer) this.#record({ what: "clock", offsetMs: host.offsetMs });
        });
      }
    });
  }

  /** What the machine has, and what the ledger says, after all. */
  async #recordWhatIsThere(): Promise<void> {
    const world = this.#world;
    const never = new AbortController().signal;
    const read = async ({ token, ended }: RedeemedHere) => {
      const client = token.metadata.name;
      const store = this.#openStore();
      const secret = await store.get("Secret", client, never);
      const link = await store.get("Link", client, never);
      const [certificate, key] = ["tls.crt", "tls.key"].map((field) =>
        secret && secretText(secret, field)
      );
      if (link !== undefined && certificate && key && isKeyOfCertificate(certificate, key)) {
        this.#record({ what: "kept", client, serial: parseCertificate(certificate).serial });
      }
      if (ended === "kept") this.#record({ what: "ended", client, how: "kept" });
      if (ended === undefined) this.#record({ what: "ended", client, how: "stuck" });
    };
    world.as(world.start("reader of east", this.#machine), () => {
      for (const here of this.#tokens) void read(here);
    });
    let ledger: Ledger | undefined;
    world.as(
      world.start("reader of west", this.#issuer),
      () =>
        void this.#ledgers().read(simulatedUid).then((found) => ledger = found?.ledger, () => {}),
    );
    await world.run(world.now + 5000);
    if (ledger === undefined) return;
    this.#record({
      what: "final",
      grant: simulatedUid,
      spent: usesSpent(ledger),
      uses: allRedemptions(ledger).map(({ serial, keyHash, name, at }) => ({
        serial,
        claimant: keyHash === undefined ? `name ${name}` : `key ${keyHash}`,
        at: Date.parse(at),
      })),
    });
  }
}
