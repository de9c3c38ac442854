import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, randomInt, X509Certificate } from "node:crypto";
import { createKeyPair, exportPublicKey, publicKeyHash } from "../../../src/pki/key_pair.ts";
import { createRequest } from "../../../src/pki/request.ts";
import { isFinished } from "../../../src/resources/access_token.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { writeYaml } from "../../../src/resources/yaml.ts";
import type { UsableToken } from "../../../src/token/token_file.ts";
import type { Happening, HappeningNow } from "../history.ts";
import { judge, type Violation } from "../judge.ts";
import { askOnce } from "./client.ts";
import { recordGiven } from "./given.ts";
import { claimantOnRecord, type Ground, insist, issueGrant, readFinal } from "./ground.ts";
import { killAll } from "./running.ts";

/** Proxies before the service: one passes all, one cuts or spoils each answer, one does either. */
export interface Ways {
  passing: { port: number };
  cutting: { port: number };
  mixed: { port: number };
}

/** How long a client asks on, in milliseconds. */
const patienceMs = 180_000;

/** After so many tries a client meets no more faults on the way. */
const faultyTries = 4;

/** Our program redeems in one of so many histories, killed so often; killed this late. */
const commandInHistories = 20;
const mostKills = 3;
const killWithinMs = 500;

/** What our program is run under now and then: the system fails it, or lies to it. */
const wrappers: Record<string, string[]> = {
  "redeemer's fsync fails (strace)": [
    ..."strace -f -qq -o /dev/null -e trace=fdatasync,fsync".split(" "),
    ..."-e inject=fdatasync,fsync:error=EIO:when=1+2".split(" "),
  ],
  "redeemer's clock is two minutes ahead (faketime)": ["faketime", "-f", "+120s"],
};

/** A refusal by the service, as our program and our controller tell it. */
const refusals = { "used-up": /is used up/, unknown: /is no longer valid/ } as const;

/** The life of one grant: it is issued, clients of all kinds ask for its uses, and it is judged. */
export class Life {
  readonly #ground: Ground;
  readonly #name: string;
  readonly #ways: Ways;
  readonly #note: (what: string) => void;
  readonly #history: Happening[] = [];
  /** Redeemers of ours, whose keys only they know. */
  readonly #ours = new Set<string>();
  #uid = "";
  requests = 0;

  constructor(ground: Ground, name: string, ways: Ways, note: (what: string) => void) {
    this.#ground = ground;
    this.#name = name;
    this.#ways = ways;
    this.#note = note;
  }

  /** `shared`: what befell the services meanwhile. Returns what the judge objects to. */
  async live(shared: () => Happening[]): Promise<Violation[]> {
    const name = this.#name;
    const uses = [1, 1, 2, 3][randomInt(4)]!;
    const { token, uid, expiresAt } = await issueGrant(this.#ground, name, uses);
    this.#uid = uid;
    this.#record({ what: "issued", grant: uid, uses, expiresAt });
    this.#record({ what: "storing", grant: uid, spent: uses, serials: [] });
    const clients = Array.from(
      { length: 1 + randomInt(3) },
      (_, number) => this.#ask(`${name}-${number}`, token, number === 0),
    );
    clients.push(this.#haveRedeemed(`${name}-controller`, token));
    if (randomInt(commandInHistories) === 0) {
      clients.push(this.#haveKilled(`${name}-command`, token));
    }
    await Promise.all(clients);
    const claimantOf = (use: { name: string; keyHash?: string }) =>
      this.#ours.has(use.name) ? `key of ${use.name}` : claimantOnRecord(use);
    this.#record(await readFinal(this.#ground, uid, claimantOf));
    await this.#ground.forget(name, uid);
    const befallen = shared().filter(({ at }) => at > this.#history[0]!.at)
      .map((one) => ({ ...one, grant: uid }) as Happening);
    return judge([...this.#history, ...befallen].sort((a, b) => a.at - b.at));
  }

  #record = (one: HappeningNow): Happening => {
    const happening = { at: Date.now(), ...one } as Happening;
    this.#history.push(happening);
    return happening;
  };

  /** A client that is no program of ours; with a key of its own, or like upstream's. */
  async #ask(client: string, token: UsableToken, isFirstCut: boolean): Promise<void> {
    const pair = randomInt(2) === 0 ? await createKeyPair() : undefined;
    const csr = pair && await createRequest(pair, client);
    const spki = pair && exportPublicKey(pair.publicKey);
    const claimant = spki === undefined ? `name ${client}` : `key ${publicKeyHash(spki)}`;
    const own = spki && Buffer.from(spki).toString("base64");
    const key = own === undefined ? {} : { key: own };
    const began = performance.now();
    for (let number = 1; performance.now() - began < patienceMs; number++) {
      const attempt = `${client}.${number}`;
      const { passing, cutting } = this.#ways;
      const isCut = number <= faultyTries && (isFirstCut && number === 1 || randomInt(2) === 0);
      this.requests++;
      this.#record({ what: "asked", attempt, client, grant: this.#uid, claimant, ...key });
      const { port } = isCut ? cutting : passing;
      const answer = await askOnce(token, { name: client, subject: client, csr }, { port })
        .catch(() => undefined);
      if (answer?.status === 200) {
        recordGiven(this.#record, { attempt, client }, answer.body);
        return;
      }
      if (answer?.status === 404) {
        const reason = /access granted/.test(answer.body) ? "used-up" : "unknown";
        return this.#end(client, attempt, reason);
      }
      this.#record({ what: "lost", attempt });
      await new Promise((resolve) => setTimeout(resolve, 20 + randomInt(200)));
    }
    this.#record({ what: "ended", client, how: "stuck" });
  }

  /** An AccessToken at the other site, for the controllers to redeem that are killed meanwhile. */
  async #haveRedeemed(client: string, token: UsableToken): Promise<void> {
    const { east } = this.#ground;
    const dropped = this.#named(client, token);
    const asked = this.#beginOurs(client);
    await insist((signal) => east.apply<"AccessToken">(dropped, signal));
    const finished = await this.#ground.tokens.find(client, isFinished);
    const message = finished?.status?.message ?? "its AccessToken says nothing";
    await this.#endOurs(client, asked, message);
    await insist((signal) => east.remove("AccessToken", client, signal));
  }

  /** Our program, killed at any moment, and run again until it is through. */
  async #haveKilled(client: string, token: UsableToken): Promise<void> {
    const text = writeYaml(this.#named(client, token));
    const asked = this.#beginOurs(client);
    const kills = randomInt(mostKills + 1);
    const began = performance.now();
    let message = "it never ended";
    for (let tries = 0; performance.now() - began < patienceMs; tries++) {
      const [what, wrapper] = Object.entries(wrappers)[randomInt(20)] ?? [undefined, []];
      if (what !== undefined) this.#note(what);
      this.requests++;
      const running = this.#ground.redeem(text, wrapper);
      if (tries < kills) {
        this.#note("our redeemer is killed");
        await new Promise((resolve) => setTimeout(resolve, randomInt(killWithinMs)));
        await killAll(running);
        continue;
      }
      const { code, stderr } = await running.ended;
      message = stderr;
      if ([0, 5, 7].includes(code!)) break;
    }
    await this.#endOurs(client, asked, message);
  }

  /** The token by that name, on a way that cuts now and then. */
  #named(client: string, token: UsableToken): UsableToken {
    const url = new URL(token.spec.url);
    url.port = String(this.#ways.mixed.port);
    return { ...token, metadata: { name: client }, spec: { ...token.spec, url: url.href } };
  }

  /** A redeemer of ours sets out; its key is known only when it has something. */
  #beginOurs(client: string): Extract<Happening, { what: "asked" }> {
    this.#ours.add(client);
    this.requests++;
    const claimant = `key of ${client}`;
    return this.#record({
      what: "asked",
      attempt: client,
      client,
      grant: this.#uid,
      claimant,
    }) as Extract<Happening, { what: "asked" }>;
  }

  /** Looks at what a redeemer of ours has stored, or else at what it says. */
  async #endOurs(
    client: string,
    asked: Extract<Happening, { what: "asked" }>,
    message: string,
  ): Promise<void> {
    const { east } = this.#ground;
    const secret = await insist((signal) => east.get("Secret", client, signal));
    const link = await insist((signal) => east.get("Link", client, signal)) ??
      await insist((signal) => east.get("Link", `${client}-1`, signal));
    if (secret !== undefined && link !== undefined) {
      const { serialNumber, publicKey } = new X509Certificate(secretText(secret, "tls.crt")!);
      const own = createPublicKey(createPrivateKey(secretText(secret, "tls.key")!));
      const [key, certified] = [own, publicKey].map((each) =>
        each.export({ type: "spki", format: "der" }).toString("base64")
      ) as [string, string];
      const serial = serialNumber.toLowerCase();
      asked.key = key;
      this.#record({ what: "given", attempt: client, serial, key: certified, body: "" });
      this.#record({ what: "kept", client, serial });
      this.#record({ what: "ended", client, how: "kept" });
      for (const kind of ["Link", "Secret"] as const) {
        const { name } = (kind === "Link" ? link : secret).metadata;
        await insist((signal) => east.remove(kind, name, signal));
      }
      return;
    }
    const reason = Object.entries(refusals).find(([, words]) => words.test(message))?.[0];
    if (reason !== undefined) return this.#end(client, client, reason as keyof typeof refusals);
    this.#record({ what: "lost", attempt: client });
    this.#record({ what: "ended", client: `${client}: ${message}`, how: "stuck" });
  }

  #end(client: string, attempt: string, reason: keyof typeof refusals): void {
    this.#record({ what: "refused", attempt, reason });
    this.#record({ what: "ended", client, how: "refused" });
  }
}
