import type { Defect } from "./copy.ts";
import type { HistoryKind } from "./simulate.ts";

/** A deliberate defect of the rules, which the judge must catch. */
export interface Mutant extends Defect {
  name: string;
  /** The first history to look at, where few show it. */
  first?: number;
  /** The only kind of history that shows it. */
  only?: HistoryKind;
}

const rules = "src/grant_service/ledger/redemption_rules.ts";
const account = "src/grant_service/grant_account.ts";
const keeper = "src/grant_service/ledger/answer_keeper.ts";
const queue = "src/grant_service/ledger/ledger_queue.ts";
const files = "platforms/resource_files/serving/ledger_files.ts";
const pendingKeys = "platforms/resource_files/serving/pending_keys.ts";
const network = "test/prove/simulation/network.ts";
const claimEnd = "if (await this.#isOver(token, signal)) {";
const claimantText = "return keyHash ?? `${name}\\n${subject}`;";

export const mutants: Mutant[] = [
  {
    name: "a use is counted after the answer",
    file: account,
    from: 'return { ledger: spent, result: { due: "spent", prepared } };',
    to: `setTimeout(() => void this.#record.update((late) => ({
      ledger: spendUse(late, terms, prepared.redemption),
      result: undefined,
    })).catch(() => {}), 50);
    void spent;
    return { ledger, result: { due: "spent", prepared } };`,
  },
  {
    name: "a use is never counted",
    file: account,
    from: 'return { ledger: spent, result: { due: "spent", prepared } };',
    to: 'void spent; return { ledger, result: { due: "spent", prepared } };',
  },
  {
    name: "no compare-and-set",
    file: "platforms/kubernetes/controller/ledger_secrets.ts",
    from: 'resourceVersion: version ?? "",',
    to: '...(version === undefined ? { resourceVersion: "" } : {}),',
  },
  {
    name: "delivered on FIN",
    file: network,
    from: 'return closing === "close_notify";',
    to: 'return closing === "close_notify" || closing === "fin";',
  },
  {
    name: "delivered whatever comes",
    file: network,
    from: 'return closing === "close_notify";',
    to: "return closing.length > 0;",
  },
  {
    name: "an acknowledgement is forgotten",
    file: keeper,
    from: "if (delivered) this.#delivered.add(serial);",
    to: "if (delivered) void 0;",
  },
  {
    name: "expiry is ignored",
    file: rules,
    from: 'if (now >= terms.expiresAt) return "expired";',
    to: "",
  },
  {
    name: "expired before its time",
    file: rules,
    from: "if (now >= terms.expiresAt) return",
    to: "if (now + 850_000 >= terms.expiresAt) return",
  },
  {
    name: "one use too many",
    file: rules,
    from: "usesSpent(ledger) >= terms.usesAllowed",
    to: "usesSpent(ledger) > terms.usesAllowed",
  },
  {
    name: "one use too few",
    file: rules,
    from: "usesSpent(ledger) >= terms.usesAllowed",
    to: "usesSpent(ledger) + 1 >= terms.usesAllowed",
  },
  {
    name: "revocation is ignored",
    file: "src/grant_service/grant_book.ts",
    from: "const codeHash = await account?.retire();",
    to: "if (account !== undefined) return; const codeHash = undefined as string | undefined;",
  },
  {
    name: "a key's redemption is not given again",
    file: rules,
    from: "return last?.keyHash !== undefined || last && isAwaited",
    to: "return last && isAwaited",
  },
  {
    name: "a kept answer is not given again",
    file: rules,
    from: "return last?.keyHash !== undefined || last && isAwaited(last, ages) ? last",
    to: "void ages; return last?.keyHash !== undefined ? last",
  },
  {
    name: "nothing is given again once the grant is closed",
    file: rules,
    from: 'if (reason === "revoked") return',
    to: "if (reason !== undefined) return",
  },
  {
    name: "given again under another serial number",
    file: account,
    from: "{ publicKey, serial, signedAt: Date.parse(at) }",
    to: "{ publicKey, ...(serial ? {} : { serial }), signedAt: Date.parse(at) }",
  },
  {
    name: "status and memory are ignored",
    file: queue,
    from: "return raiseSpent(ledger, Math.max(this.#spentElsewhere(), this.#mostSpent));",
    to: "void raiseSpent; return ledger;",
  },
  {
    name: "answers are erased from a ledger that says less than the status",
    file: queue,
    from: "const before = this.#raise(known.ledger);",
    to: "const before = batch.some(({ change }) => /erase|Delivered/.test(String(change)))\n" +
      "        ? known.ledger\n        : this.#raise(known.ledger);",
    first: 5200,
  },
  {
    name: "uses counted elsewhere are ignored",
    file: "src/grant_service/ledger/ledger.ts",
    from: "return ledger.counted + (",
    to: "return (",
  },
  {
    name: "a key on a closed page is not known",
    file: rules,
    from: "ledger.closed?.find(claimant.keyHash)",
    to: "undefined",
  },
  {
    name: "a page counts that may not be stored",
    first: 430,
    file: "platforms/kubernetes/controller/ledger_secrets.ts",
    from: "this.#notBefore.set(grantUid, this.#steady() + tryAgainMs);\n      return ledger;",
    to: "",
  },
  {
    name: "a torn write is taken for damage",
    file: files,
    from: 'if (line === "torn" && state !== undefined) break;',
    to: "",
    first: 590,
  },
  {
    name: "a record is not synced",
    first: 320,
    file: files,
    from: "      }\n      await syncData(file);\n",
    to: "      }\n",
  },
  {
    name: "an answer is kept for a moment only",
    file: rules,
    from: "export const repeatWindowMs = 120_000;",
    to: "export const repeatWindowMs = 200;",
  },
  {
    name: "an answer's time is taken from the wall clock",
    first: 330,
    file: rules,
    from: "ages.ofAnswer(redemption) < repeatWindowMs;",
    to: "Date.now() - Date.parse(redemption.at) < (ages ? repeatWindowMs : 0);",
  },
  {
    name: "clients are not told apart",
    file: "src/grant_service/ledger/redemption_list.ts",
    from: claimantText,
    to: 'void name; void subject; return keyHash ?? "anybody";',
  },
  {
    name: "the code is not compared",
    file: "src/grant_service/claim_code.ts",
    from: "return timingSafeEqual(",
    to: "return true || timingSafeEqual(",
  },
  {
    name: "a use is counted without its redemption",
    file: rules,
    from: "const redemptions = addRedemption(ledger.redemptions, redemption);",
    to: `void addRedemption; void redemption; const { redemptions } = ledger;
  ledger = { ...ledger, counted: ledger.counted + 1 };`,
  },
  {
    name: "a use is spent for a client that went while others wrote",
    file: account,
    from:
      'if (!isConnected()) return { ledger, result: { due: "nothing", reason: "client-gone" } };',
    to: "",
    first: 100_600,
  },
  {
    name: "a turn does not end when an answer is lost",
    file: account,
    from: "this.#record.answers.settle(answer.serial, delivered);\n        endTurn();",
    to: "this.#record.answers.settle(answer.serial, delivered);\n        if (delivered) endTurn();",
  },
  {
    name: "a finished token is begun anew where the news of it are late",
    only: "controllers",
    first: 200,
    file: "platforms/kubernetes/controller/pending_key_secrets.ts",
    from: claimEnd,
    to: "if (token === undefined) {",
  },
  {
    name: "a key whose making was not heard of is taken for one of a token under way",
    only: "controllers",
    first: 2_074_040,
    file: "platforms/kubernetes/controller/pending_key_secrets.ts",
    from: claimEnd,
    to: claimEnd.replace("await", "found === undefined && await"),
  },
  {
    name: "who has claimed a token and kept its key does not look whether it is over",
    only: "controllers",
    first: 6_009_460,
    file: "platforms/kubernetes/controller/pending_key_secrets.ts",
    from: claimEnd,
    to: claimEnd.replace("await", "claimed === undefined && await"),
  },
  {
    name: "a ledger that was begun without an answer counts",
    only: "controllers",
    first: 2_102_540,
    file: "platforms/kubernetes/controller/ledger_secrets.ts",
    from: "if (begunAnnotation in (secret.metadata.annotations ?? {})) {",
    to: "if (secret === undefined) {",
  },
  {
    name: "a lease lasts by the wall clock",
    only: "controllers",
    first: 10,
    file: "platforms/kubernetes/controller/pending_key_secrets.ts",
    from: "    return Math.max(0, seen.at + claimMs - this.#steady());",
    to: `const until = Number(secret?.metadata.annotations?.[annotations.count]) + claimMs;
    return Math.max(0, until - Date.now());`,
    and: {
      file: "platforms/kubernetes/controller/pending_key_secrets.ts",
      from: "const count = Number(secret.metadata.annotations?.[annotations.count] ?? 0) + 1;",
      to: "const count = Date.now();",
    },
  },
  {
    name: "grants are swept on one reading of a clock",
    only: "controllers",
    first: 30,
    file: "src/controller/controller_clock.ts",
    from: "    const { observedMs = 0, spells = [] } = this.#notes ?? {};",
    to: `    if (this.#observedAt >= 0) return this.now() - 86_400_000;
    const { observedMs = 0, spells = [] } = this.#notes ?? {};`,
  },
  {
    name: "a grant whose status has not come yet is said to be corrupted",
    only: "controllers",
    first: 90,
    file: account,
    from: 'if (!this.#grant.status?.expirationTime) return this.#refuse("unready");',
    to: "",
  },
  {
    name: "the writer of a ledger ends with its first work",
    file: queue,
    from: "    this.#running = undefined;\n",
    to: "",
  },
  {
    name: "of writes at once the last one wins",
    file: queue,
    from: "const next = change(ledger);",
    to: "const next = change(before);",
  },
  {
    name: "what a killed process wrote is answered from before it is on the disk",
    file: files,
    from: "    await this.#settle(path);\n",
    to: "    void this.#settle;\n",
    first: 541,
  },
  {
    name: "a name that was given in vain is taken for durable",
    file: files,
    from: "    this.#settled.delete(folder);\n",
    to: "",
    first: 28_280,
  },
  {
    name: "a write that another replica came before is taken for done",
    file: "platforms/kubernetes/controller/ledger_secrets.ts",
    from: 'throw appError("conflict", { kind: "Ledger of access grant", name: grantName });',
    to: "return String(version);",
  },
  {
    name: "a replica that has written leaves it to the others for good",
    file: queue,
    from: "Math.min(this.#others * this.#turnMs, longestPauseMs)",
    to: "(this.#others > 0 ? 1e9 : Math.min(this.#turnMs, longestPauseMs))",
  },
  {
    name: "a killed redeemer's key is asked with before it is on the disk",
    only: "redeemers",
    first: 160,
    file: pendingKeys,
    from: "        await touch(path);\n        await syncFound(path);\n",
    to: "        await touch(path);\n",
  },
  {
    name: "a redeemer makes another key at each try",
    only: "redeemers",
    file: pendingKeys,
    from: "const before = await readKey(path);",
    to: "const before = path === folder ? await readKey(path) : undefined;",
    and: {
      file: pendingKeys,
      from: "const theirs = await readKey(path);",
      to: "const theirs = path === folder ? await readKey(path) : undefined;",
    },
  },
  {
    name: "of two redeemers at once each makes its key",
    first: 170,
    only: "redeemers",
    file: pendingKeys,
    from: "const theirs = await readKey(path);",
    to: "const theirs = path === folder ? await readKey(path) : undefined;",
  },
  {
    name: "what is written is not synced",
    only: "redeemers",
    file: "src/runtime/files.ts",
    from: "    await handle.writeFile(content);\n    await handle.sync();\n",
    to: "    await handle.writeFile(content);\n",
  },
  {
    name: "what another process has just stored is taken to be on the disk",
    only: "redeemers",
    first: 4_134_840,
    file: "platforms/resource_files/store/input_shelf.ts",
    from: "      return dryRun ? undefined : await syncFound(present.places[0].source.file);\n",
    to: "      return;\n",
  },
  {
    name: "a key is forgotten before its link is stored",
    only: "redeemers",
    file: "src/token/redeem.ts",
    from: "      await storeLink(storage, bundle, signal);\n",
    to: "      await pendingKeys.forget(mark, signal);\n" +
      "      await storeLink(storage, bundle, signal);\n",
  },
  {
    name: "whether a token is redeemed is not looked at once its key is there",
    only: "redeemers",
    first: 1040,
    file: "src/token/redeem.ts",
    from: "    await refuseRepetition(platform, usable, signal);\n    const subject",
    to: "    const subject",
  },
];
