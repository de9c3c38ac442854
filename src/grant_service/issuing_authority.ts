import { isAppError } from "../errors/app_error.ts";
import { type Authority, loadAuthority } from "../pki/authority.ts";
import { isSignedBy, readCertificate } from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import type { Now } from "../runtime/clock.ts";
import type { IssuingStore } from "./ledger/backing.ts";

/** How long a key signs before another takes its place, in milliseconds. */
export const issuingKeyLifeMs = 30 * 24 * 60 * 60 * 1000;

/** How far ahead of this clock the one may be that said when a key was made, in milliseconds. */
const clockToleranceMs = 24 * 60 * 60 * 1000;

/** How often another service may be first before that is a failure. */
const maxConflicts = 10;

/** What is stored. */
interface KeptIssuing {
  certificatePem: string;
  privateKeyPem: string;
  /** RFC 3339. */
  madeAt: string;
}

/**
 * The authority below `above` that signs clients in its place: the one that is stored, or where
 * that is missing, damaged, another authority's or too old, one that is stored by this. An old key
 * is overwritten. Its certificate begins and ends with that of `above`. Throws what the store
 * throws, and an Error if `above` can't sign.
 */
export async function openIssuing(
  above: Authority,
  store: IssuingStore,
  now: Now,
): Promise<Authority> {
  for (let conflicts = 0;; conflicts++) {
    const stored = await store.read();
    const kept = stored && readKept(stored.text);
    const authority = kept && await loadKept(kept, above, now());
    if (authority !== undefined) return authority;
    const made = await makeIssuing(above, now());
    try {
      await store.write(JSON.stringify(made), stored?.version);
      return await loadAuthority(made.certificatePem, made.privateKeyPem);
    } catch (error) {
      // another service was first: its key is the one
      if (!isAppError(error, "conflict") || conflicts >= maxConflicts) throw error;
    }
  }
}

async function makeIssuing(above: Authority, now: number): Promise<KeptIssuing> {
  const { publicKey, privateKeyPem } = await createKeyPair();
  const date = new Date(now).toISOString();
  const { certificatePem } = await above.signIssuing({
    // no two have the same name, or who checks a chain would have to try both
    commonName: `issuing authority for clients ${date}`,
    publicKey,
    now,
  });
  return { certificatePem, privateKeyPem, madeAt: date };
}

/** What was stored; undefined if it is damaged. */
function readKept(text: string): KeptIssuing | undefined {
  try {
    const { certificatePem, privateKeyPem, madeAt } = JSON.parse(text);
    const kept = { certificatePem, privateKeyPem, madeAt };
    return Object.values(kept).every((value) => typeof value === "string") ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined if it is to be made anew. */
async function loadKept(
  { certificatePem, privateKeyPem, madeAt }: KeptIssuing,
  above: Authority,
  now: number,
): Promise<Authority | undefined> {
  const ageMs = now - Date.parse(madeAt);
  // a key from the future would be kept until then
  if (!(ageMs >= -clockToleranceMs && ageMs < issuingKeyLifeMs)) return undefined;
  try {
    if (!isSignedBy(certificatePem, above.certificatePem)) return undefined;
    const ends = [certificatePem, above.certificatePem].map((pem) => readCertificate(pem).notAfter);
    if (ends[0]!.getTime() !== ends[1]!.getTime()) return undefined; // renewed, its key kept
    return await loadAuthority(certificatePem, privateKeyPem);
  } catch {
    return undefined;
  }
}
