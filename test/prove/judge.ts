import type { Happening } from "./history.ts";
import { type Asking, GrantModel, repeatWindowMs, toleranceMs } from "./model.ts";

/** What the model does not allow. */
export interface Violation {
  kind: "burned" | "double-spent" | "stuck" | "wrongly refused";
  why: string;
  at: number;
}

/**
 * Says what of a history the model of a grant does not allow; nothing if it could have come from
 * it.
 */
export function judge(history: readonly Happening[]): Violation[] {
  const grants = new Map<string, GrantModel>();
  const askings = new Map<string, Asking & { grant: string; serial?: string }>();
  const claimants = new Map<string, string>();
  /** When those were refused for good who were. */
  const refused = new Map<string, number>();
  /** Who is being served by a service that counts every request, by attempt. */
  const counting = new Map<string, string>();
  const keepers = new Set<string>();
  const through = new Set<string>();
  /** Clients whose last refusal leaves them their key. */
  const excused = new Set<string>();
  /** Those that came back with it. */
  const returned = new Set<string>();
  const violations: Violation[] = [];
  const object = (at: number, why: string | undefined, kind: Violation["kind"]) => {
    if (why !== undefined) violations.push({ kind, why, at });
  };
  const grantOf = (uid: string) => grants.get(uid)!;

  for (const one of history) {
    switch (one.what) {
      case "issued":
        grants.set(one.grant, new GrantModel(one.at, one.uses, one.expiresAt));
        break;
      case "revoking":
        grantOf(one.grant).isRevoking = true;
        break;
      case "revoked":
        grantOf(one.grant).revokedAt = one.at;
        break;
      case "started":
        grantOf(one.grant).startedAt = one.at;
        break;
      case "clock":
        for (const grant of grants.values()) {
          grant.aheadMs = Math.max(grant.aheadMs, one.offsetMs);
          grant.behindMs = Math.max(grant.behindMs, -one.offsetMs);
        }
        break;
      case "asked":
        claimants.set(one.client, one.claimant);
        askings.set(one.attempt, { ...one, key: one.key });
        break;
      case "given": {
        const asking = askings.get(one.attempt)!;
        asking.serial = one.serial;
        const why = grantOf(asking.grant).give(asking, one.at, one.serial, one.key, one.body);
        object(one.at, why, why?.startsWith("a second use") ? "burned" : "double-spent");
        break;
      }
      case "acknowledged": {
        const asking = askings.get(one.attempt)!;
        const use = grantOf(asking.grant).uses.get(asking.serial ?? "");
        if (use !== undefined) use.acknowledgedAt ??= one.at;
        break;
      }
      case "counting":
        if (through.has(one.client)) {
          object(
            one.at,
            `${one.client} asked after all was over, and each request counts`,
            "burned",
          );
        }
        if ([...counting.values()].includes(one.client)) {
          object(one.at, `${one.client} asked twice at once, and each request counts`, "burned");
        }
        counting.set(one.attempt, one.client);
        break;
      case "counted":
        counting.delete(one.attempt);
        break;
      case "kept":
        keepers.add(one.client);
        for (const grant of grants.values()) grant.uses.get(one.serial)?.holders.add(one.client);
        break;
      case "refused": {
        const asking = askings.get(one.attempt)!;
        const keepsKey = one.reason === "unknown" || one.reason === "expired";
        if (keepsKey && !returned.has(asking.client)) excused.add(asking.client);
        else excused.delete(asking.client);
        object(one.at, grantOf(asking.grant).refuse(asking, one.at, one.reason), "wrongly refused");
        break;
      }
      case "storing":
        grantOf(one.grant).try(one.at, one.spent, one.serials);
        break;
      case "stored":
        object(one.at, grantOf(one.grant).store(one.spent), "double-spent");
        break;
      case "restored":
        grantOf(one.grant).restore(one.at, one.spent);
        break;
      case "leaked":
        object(one.at, "given for a wrong code", "double-spent");
        break;
      case "returned":
        returned.add(one.client);
        through.delete(one.client);
        break;
      case "ended":
        through.add(one.client);
        // whoever keeps its key may come back with it
        if (one.how === "refused" && !excused.has(one.client)) {
          refused.set(claimants.get(one.client) ?? "", one.at);
        }
        if (one.how === "kept" && !keepers.has(one.client)) {
          object(one.at, `${one.client} is said to be through, and has nothing`, "burned");
        }
        if (one.how === "stuck") object(one.at, `${one.client} was never answered`, "stuck");
        break;
      case "final":
        for (const why of judgeRecord(one, grantOf(one.grant), [...askings.values()], refused)) {
          violations.push({ ...why, at: one.at });
        }
        break;
      case "lost":
        break;
    }
  }
  return violations;
}

/**
 * Every use on record has a holder, or an answer that can be given again; every use given is on
 * record.
 */
function judgeRecord(
  final: Extract<Happening, { what: "final" }>,
  grant: GrantModel,
  askings: (Asking & { grant: string })[],
  refused: ReadonlyMap<string, number>,
): Omit<Violation, "at">[] {
  const found: Omit<Violation, "at">[] = [];
  const serials = new Set<string>();
  const keys = new Map<string, string>();
  for (const use of final.uses) {
    if (serials.has(use.serial)) {
      found.push({ kind: "burned", why: "one serial number on record twice" });
    }
    serials.add(use.serial);
    const isKey = use.claimant.startsWith("key ");
    if (isKey && keys.has(use.claimant)) {
      found.push({ kind: "double-spent", why: "two uses on record for one key" });
    }
    keys.set(use.claimant, use.serial);
    const holders = grant.uses.get(use.serial)?.holders.size ?? 0;
    const since = grant.recordedAt.get(use.serial) ?? use.at;
    const refusedAt = refused.get(use.claimant);
    // a copy that was put in place between the two may not have known of it, until a later one did
    const mayHaveGone = grant.restorations.some((at) => since < at && at <= (refusedAt ?? 0));
    if (holders === 0 && isKey && refusedAt !== undefined && !mayHaveGone && !grant.isRevoking) {
      found.push({
        kind: "burned",
        why: `use ${use.serial.slice(0, 8)} was refused to its own key`,
      });
    }
    if (holders === 0 && isKey && !mayHaveGone && !grant.isRevoking) {
      const { client } = askings.find(({ claimant }) => claimant === use.claimant) ?? {};
      const last = askings.findLast((one) => one.client === client);
      if (last !== undefined && last.claimant !== use.claimant) {
        found.push({
          kind: "burned",
          why: `use ${use.serial.slice(0, 8)} was left behind by ${client}, with its key`,
        });
      }
    }
    // who made its key can have the same again at any time
    if (holders > 0 || isKey || grant.isRevoking) continue;
    // a copy that was taken while it was written may hold what was reported as failed
    if (since < (grant.restoredAt ?? 0)) continue;
    const asked = askings.filter(({ claimant, at }) => claimant === use.claimant && at > since);
    // whoever asked again in time was owed it; who did not knew the bound
    const wasOwed = asked.some(({ at }) => at < since + repeatWindowMs - 30_000 - toleranceMs);
    const isOver = final.at > since + repeatWindowMs;
    if (wasOwed && isOver) {
      found.push({
        kind: "burned",
        why: `use ${use.serial.slice(0, 8)} has no holder, and was asked for`,
      });
    }
  }
  // a cluster removes the ledger with its grant
  const mayForget = grant.restoredAt !== undefined || grant.isRevoking || final.spent === 0;
  for (const { serial, holders } of grant.uses.values()) {
    if (holders.size > 0 && !serials.has(serial) && !mayForget) {
      found.push({
        kind: "double-spent",
        why: `use ${serial.slice(0, 8)} was given and is not on record`,
      });
    }
  }
  return found;
}
