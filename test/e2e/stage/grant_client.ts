import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { secretText } from "../../../src/resources/secret.ts";
import { parseResource, readResources } from "../../../src/resources/yaml.ts";
import type { UsableToken } from "../../../src/token/token_file.ts";

/** How a redeemer names itself; upstream's sends no csr. */
export interface Redeemer {
  name: string;
  subject: string;
  /** PKCS#10. */
  csr?: Uint8Array | undefined;
}

/**
 * One request as upstream's redeemer sends it (docs/spec/redemption.md 2), given up after 10
 * seconds.
 */
export function postToken(
  token: UsableToken,
  { name, subject, csr }: Redeemer,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(token.spec.url, {
      method: "POST",
      agent: false,
      ca: token.spec.ca,
      timeout: 10_000,
      headers: {
        name,
        subject,
        ...(csr === undefined ? {} : { csr: Buffer.from(csr).toString("base64") }),
      },
    }, async (response) => {
      try {
        let body = "";
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode!, body });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("timed out")));
    outgoing.on("error", reject).end(token.spec.code);
  });
}

/** The certificate in an answer. */
export function certificateIn(body: string): X509Certificate {
  const secret = parseResource("Secret", readResources(body, "the answer")[0]!, "the answer");
  return new X509Certificate(secretText(secret, "tls.crt")!);
}
