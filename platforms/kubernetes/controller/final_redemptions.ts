import type { Redemption } from "../../../src/grant_service/ledger/ledger.ts";

/**
 * Parts the redemptions that change no more, `most` of them from the oldest on, from the others,
 * both in their order. A client without a key is known by its last redemption: where an earlier one
 * of its name and subject has an answer still, a later one stays behind it.
 */
export function finalRedemptions(
  redemptions: readonly Redemption[],
  most: number,
): { final: Redemption[]; others: Redemption[] } {
  const final: Redemption[] = [];
  const others: Redemption[] = [];
  const waiting = new Set<string>();
  for (const redemption of redemptions) {
    const { keyHash, name, subject, answer } = redemption;
    const client = `${name}\n${subject}`;
    const isFinal = answer === undefined && (keyHash !== undefined || !waiting.has(client));
    if (isFinal && final.length < most) {
      final.push(redemption);
      continue;
    }
    others.push(redemption);
    waiting.add(client);
  }
  return { final, others };
}
