import { createKeyPair } from "./pki/key_pair.ts";
import { writeLinkBundle } from "../../../src/grant_service/link_bundle.ts";
import type { HttpHandler } from "../../../src/grant_service/http/message.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { loadAuthority } from "./pki/authority.ts";
import type { HappeningNow } from "../history.ts";
import { placeOf, theWorld } from "./world.ts";

/** What upstream's service is started with. */
export interface UpstreamSetup {
  grant: string;
  code: string;
  uses: number;
  authority: { certificatePem: string; privateKeyPem: string };
  record(happening: HappeningNow): void;
}

/**
 * Answers as upstream's grant service does: each request with the right code is a new redemption,
 * which it counts before it answers, with a key of its own; nothing is given twice.
 */
export function upstreamHandler(setup: UpstreamSetup): HttpHandler {
  const { grant, code, uses, authority, record } = setup;
  let counted = 0;
  const underWay = new Map<string, () => boolean>();
  const end = (attempt: string) => {
    if (underWay.delete(attempt)) record({ what: "counted", attempt });
  };
  return async ({ method, path, body, headers, isConnected }) => {
    if (method !== "POST") return { status: 405, body: "Only POST is supported\n" };
    if (path !== `/${grant}`) return { status: 404, body: "No such claim\n" };
    if (new TextDecoder().decode(body) !== code) {
      return { status: 403, body: "Redemption of access token refused\n" };
    }
    const place = placeOf("serve");
    const client = headers.get("name")!;
    // a crash costs a use here, and so does a time limit: who asks after it is not at it twice
    for (const [attempt, isThere] of underWay) if (!isThere()) end(attempt);
    if (isConnected()) {
      record({ what: "counting", grant, client, attempt: place });
      underWay.set(place, isConnected);
    }
    try {
      await sleep(50 + 2500 * theWorld().draw(place));
      if (theWorld().strikes("503", place)) return { status: 503, body: "Internal error\n" };
      // it has counted the use by then
      if (theWorld().strikes("500", place, 3)) {
        counted++;
        return { status: 500, body: "Internal error\n" };
      }
      if (counted >= uses) return { status: 404, body: "No such access granted\n" };
      counted++;
      const { publicKey, privateKeyPem } = await createKeyPair();
      const signer = await loadAuthority(authority.certificatePem, authority.privateKeyPem);
      const { certificatePem } = await signer.signClient({
        commonName: headers.get("subject")!,
        publicKey,
        lifetimeMs: 86_400_000,
      });
      const endpoints = [{ name: "inter-router", host: "west", port: "55671" }];
      const caPem = authority.certificatePem;
      const bundle = { name: client, certificatePem, privateKeyPem, caPem, endpoints };
      return { status: 200, body: writeLinkBundle(bundle) };
    } finally {
      end(place);
    }
  };
}
