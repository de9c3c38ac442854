import { LedgerSecrets } from "../../../platforms/kubernetes/controller/ledger_secrets.ts";
import { LedgerFiles } from "../../../platforms/resource_files/serving/ledger_files.ts";
import type { LedgerStore } from "../../../src/grant_service/ledger/backing.ts";
import {
  allRedemptions,
  type Ledger,
  usesSpent,
} from "../../../src/grant_service/ledger/ledger.ts";
import { createAuthority } from "../../../src/pki/authority.ts";
import type { Happening, HappeningNow } from "../history.ts";
import { judge } from "../judge.ts";
import { type ClientState, runClient } from "./client.ts";
import { Cluster } from "./cluster.ts";
import { Disk } from "./disk.ts";
import { type Issuer, startIssuer } from "./issuer.ts";
import type { Service } from "./network.ts";
import { issueSimulated, simulatedCode, simulatedUid } from "./simulated_grant.ts";
import { beginWorld, healAfterMs, type Outcome, restMs, start } from "./scenario.ts";
import { Host, onKilled, type Process } from "./world.ts";

const folder = "/data/ledgers";

/** So small that many a history turns pages. */
const sizes = { close: 3, most: 2 };

/** Simulates the history of a seed, and has it judged. Faults named in `leftOut` do not come. */
export async function runHistory(
  seed: number,
  leftOut: ReadonlySet<string> = new Set(),
): Promise<Outcome> {
  const world = beginWorld(seed, leftOut);
  const happenings: Happening[] = [];
  const record = (happening: HappeningNow) => happenings.push({ at: world.now, ...happening });
  const pick = (what: string, most: number) => Math.floor(world.draw(what) * most);

  const inCluster = world.draw("place") < 0.5;
  const uses = [1, 1, 2, 3, 7][pick("uses", 5)]!;
  const windowMs = world.draw("expires") < 0.2 ? 40_000 : 15 * 60_000;
  const authority = await createAuthority("site", { now: start });
  const facts = issueSimulated(uses, start + windowMs);
  record({ what: "issued", grant: simulatedUid, uses, expiresAt: start + windowMs });

  const cluster = new Cluster((text) =>
    record({ what: "stored", grant: simulatedUid, spent: usesSpent(JSON.parse(text) as Ledger) })
  );
  const ledgersHere = (): LedgerStore =>
    inCluster
      ? new LedgerSecrets(cluster.platform("west"), new AbortController().signal, { sizes })
      : storedWith(new LedgerFiles("west", () => Promise.resolve(folder)), record);
  const hosts = Array.from({ length: inCluster ? 1 + pick("replicas", 3) : 1 }, (_, number) => {
    const host = new Host(`issuer ${number}`);
    const disk = new Disk();
    disk.makeFolder(folder, 0o700);
    host.disk = disk;
    host.offsetMs = (world.draw(`offset ${number}`) - 0.5) * 4000;
    if (world.draw(`drift ${number}`) < 0.3 && world.inject("clock drift", host.name)) {
      host.rate = 1 + (world.draw(`rate ${number}`) - 0.5) / 500;
    }
    return host;
  });
  for (const host of hosts) record({ what: "clock", offsetMs: host.offsetMs });
  const issuers = hosts.map((host) => begin(host, 0));
  const starts = new Map<string, number>();

  function begin(host: Host, again: number): Issuer {
    const process = world.start(`${host.name}.${again}`, host);
    const service = inCluster ? host.name : undefined;
    return startIssuer(host, process, { facts, service, authority, ledgers: ledgersHere, record });
  }

  function beginAgain(host: Host, afterMs: number): void {
    const number = hosts.indexOf(host);
    world.schedule(afterMs, undefined, () => {
      if (issuers[number]!.process.isAlive) return;
      const again = (starts.get(host.name) ?? 0) + 1;
      starts.set(host.name, again);
      issuers[number] = begin(host, again);
    });
  }

  const clients: (ClientState & { host: Host })[] = Array.from(
    { length: 2 + pick("clients", 5) },
    (_, number) => ({
      name: `east-${number}`,
      hasKey: world.draw(`key ${number}`) < 0.5,
      wanted: world.draw(`wanted ${number}`) < 0.25 ? 2 : 1,
      kept: [],
      attempts: 0,
      hasEnded: false,
      host: new Host(`client ${number}`),
    }),
  );
  const setup = {
    grant: simulatedUid,
    code: simulatedCode,
    services: () => issuers,
    record,
    acknowledged(attempt: string, { process }: Service) {
      // a service that lives on keeps it in mind; one that dies may not have had the time
      world.schedule(15_000, undefined, () => {
        if (process.isAlive && world.isHealed) record({ what: "acknowledged", attempt });
      });
    },
    mayGoOn: () => world.now > start + healAfterMs + 40_000,
  };
  const launch = (client: ClientState & { host: Host }, again: number, afterMs: number) =>
    world.schedule(afterMs, undefined, () => {
      const process = world.start(`${client.host.name}.${again}`, client.host);
      world.as(process, () => void runClient(client, setup));
    });
  clients.forEach((client, number) => launch(client, 0, world.draw(`begins ${number}`) * 30_000));

  onKilled.tell = (process: Process) => {
    const afterMs = 50 + world.draw(`${process.name} again`) * 4000;
    const client = clients.find(({ host }) => host === process.host);
    if (client !== undefined) {
      const again = (starts.get(client.host.name) ?? 0) + 1;
      starts.set(client.host.name, again);
      return launch(client, again, afterMs);
    }
    const { disk, name } = process.host;
    if (disk instanceof Disk && world.draw(`${process.name} ends`) < 0.4) {
      if (world.inject("power cut", `${name} ${starts.get(name) ?? 0}`)) {
        disk.cutPower(process.name);
      }
    }
    beginAgain(process.host, afterMs);
  };

  for (let number = 0; number < pick("events", 6); number++) schedule(number);

  function schedule(number: number): void {
    const host = hosts[pick(`event ${number} where`, hosts.length)]!;
    const place = `event ${number}`;
    const issuer = () => issuers[hosts.indexOf(host)]!;
    world.schedule(world.draw(`${place} when`) * healAfterMs * 0.9, undefined, () => {
      const lasts = 1000 + world.draw(`${place} lasts`) * 25_000;
      switch (pick(`${place} what`, 5)) {
        case 0: {
          if (!world.inject("clock step", place)) return;
          const before = host.offsetMs;
          const step = [
            2 * 86_400_000,
            -2 * 86_400_000,
            60_000,
            -60_000,
          ][pick(`${place} step`, 4)]!;
          host.offsetMs += step;
          record({ what: "clock", offsetMs: host.offsetMs });
          return world.schedule(lasts, undefined, () => void (host.offsetMs = before));
        }
        case 1:
          if (!inCluster || !world.inject("partition", place)) return;
          return cluster.cutOff(issuer().process, world.now + lasts);
        case 2: {
          if (!world.inject("kill", place)) return;
          const { process } = issuer();
          if (!process.isAlive) return;
          world.kill(process);
          return onKilled.tell(process);
        }
        case 3: {
          if (inCluster || !(host.disk instanceof Disk)) return;
          const disk = host.disk;
          const old = disk.copy().filter(([path]) => path.startsWith(`${folder}/`));
          if (old.length === 0) return;
          return world.schedule(lasts, undefined, () => {
            if (!world.inject("ledger restored", place)) return;
            world.kill(issuer().process);
            for (const [path, isFolder, content] of old) if (!isFolder) disk.put(path, content);
            const spent = facts.grant.status!.redemptions!;
            record({ what: "restored", grant: simulatedUid, spent });
            beginAgain(host, 500);
          });
        }
        case 4: {
          if (world.draw(`${place} revokes`) > 0.3 || facts.isRevoked) return;
          facts.isRevoked = true;
          record({ what: "revoking", grant: simulatedUid });
        }
      }
    });
  }

  await world.run(start + healAfterMs);
  world.isHealed = true;
  if (facts.isRevoked) {
    world.schedule(30_000, undefined, () => record({ what: "revoked", grant: simulatedUid }));
  }
  const end = start + healAfterMs + restMs;
  await world.run(end, () => clients.every(({ hasEnded }) => hasEnded));
  await world.run(Math.max(world.now, start + healAfterMs) + 150_000);
  for (const client of clients) {
    if (!client.hasEnded) record({ what: "ended", client: client.name, how: "stuck" });
  }
  const final = { ledger: undefined as Ledger | undefined };
  const reader = world.start("reader", hosts[0]!);
  world.as(
    reader,
    () =>
      void ledgersHere().read(simulatedUid).then((read) => final.ledger = read?.ledger, () => {}),
  );
  await world.run(world.now + 5000);
  if (final.ledger !== undefined) {
    record({
      what: "final",
      grant: simulatedUid,
      spent: usesSpent(final.ledger),
      uses: allRedemptions(final.ledger).map(({ serial, keyHash, name, at }) => ({
        serial,
        claimant: keyHash === undefined ? `name ${name}` : `key ${keyHash}`,
        at: Date.parse(at),
      })),
    });
  }
  const { digest, faults } = world;
  return { seed, digest, faults, happenings, violations: judge(happenings) };
}

/** The store, telling of what it has stored. */
export function storedWith(
  store: LedgerStore,
  record: (happening: HappeningNow) => void,
): LedgerStore {
  return {
    read: (uid) => store.read(uid),
    remove: (uid) => store.remove(uid),
    list: () => store.list(),
    async write(ledger, version) {
      const written = await store.write(ledger, version);
      record({ what: "stored", grant: ledger.grantUid, spent: usesSpent(ledger) });
      return written;
    },
  };
}
