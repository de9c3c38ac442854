import type { GrantBacking } from "../../src/grant_service/ledger/backing.ts";
import { createAuthority } from "../../src/pki/authority.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import { apiVersion, type Endpoint } from "../../src/resources/resource.ts";
import { type MemoryLedgerStore, memoryLedgerStore } from "./memory_ledger_store.ts";

/** A code no test output may contain. */
export const canaryCode = "CanaryCodeCanaryCode1234";

/** The endpoints of the site. */
export const siteEndpoints: Endpoint[] = [
  { name: "inter-router", host: "west.example.com", port: "55671", group: "skupper-router" },
  { name: "edge", host: "west.example.com", port: "45671", group: "skupper-router" },
];

/** A site that grants are redeemed at: its authority, its ledgers in memory, and a clock. */
export interface GrantSite {
  backing: GrantBacking;
  ledgers: MemoryLedgerStore;
  authority: { certificatePem: string; privateKeyPem: string };
  /** Milliseconds since 1970; moved by the test. */
  /** The time of day, the time that passes, and what is over for certain, as a test sets them. */
  clock: { now: number; steady: number; settled: number };
  /** A grant of the site that is ready to be redeemed for 15 minutes. */
  grant(fields?: GrantFields): AccessGrant;
}

export interface GrantFields {
  name?: string;
  uid?: string;
  uses?: number;
  spec?: AccessGrant["spec"];
  status?: AccessGrant["status"];
}

const windowMs = 15 * 60_000;

/** Makes a site in namespace "west". `overrides` replace what its backing does. */
export async function openGrantSite(overrides: Partial<GrantBacking> = {}): Promise<GrantSite> {
  const clock = { now: Date.parse("2026-11-22T12:00:00Z"), steady: 0, settled: -Infinity };
  const authority = await createAuthority("skupper-site-ca", { now: clock.now });
  const ledgers = memoryLedgerStore();
  const backing: GrantBacking = {
    namespace: "west",
    ledgers,
    issuer: () => Promise.resolve(authority),
    endpoints: () => Promise.resolve(siteEndpoints),
    ...overrides,
  };
  return {
    backing,
    ledgers,
    authority,
    clock,
    grant: ({ name = "west-6bfn6", uid = crypto.randomUUID(), uses = 1, spec, status } = {}) => ({
      apiVersion,
      kind: "AccessGrant",
      metadata: { name, namespace: "west", uid },
      spec: { redemptionsAllowed: uses, ...spec },
      status: {
        code: canaryCode,
        expirationTime: new Date(clock.now + windowMs).toISOString(),
        ...status,
      },
    }),
  };
}
