import { Buffer } from "node:buffer";
import { appError } from "../../../src/errors/app_error.ts";
import { brokenOff } from "../../../src/network/connection_fault.ts";
import type { HttpAnswer } from "../../../src/network/http_exchange.ts";
import { readRequest } from "./pki/request.ts";
import type { GrantRequest, RedeemSurroundings } from "../../../src/token/exchange.ts";
import type { HappeningNow } from "../history.ts";
import { servicesAt } from "./addresses.ts";
import { readBody, reasonOf } from "./client.ts";
import { send, type Service } from "./network.ts";
import { isSignedBy } from "./pki/certificate.ts";
import { placeOf, theWorld } from "./world.ts";

export type { GrantRequest, RedeemSurroundings };

/** Who is told of what our redeemers ask and get. */
export interface RedeemerEars {
  record(happening: HappeningNow): void;
  acknowledged(attempt: string, service: Service): void;
}

let ears: RedeemerEars | undefined;

/** Begins a history. */
export function hearRedeemers(next: RedeemerEars): void {
  ears = next;
}

/** Longer than any deadline of a redeemer: it gives up by itself. */
const patienceMs = 600_000;

/**
 * As the product's `askGrantService`, over the simulated network: whoever redeems is the product's
 * own code, and each of its requests is on record.
 */
export async function askGrantService(
  request: GrantRequest,
  _surroundings: RedeemSurroundings,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const url = new URL(request.url);
  const { acknowledged } = ears!;
  // what a service that counts requests may do is another matter: it tells of each by itself
  const isOurs = !url.hostname.startsWith("upstream");
  const record: RedeemerEars["record"] = (happening) => isOurs && ears!.record(happening);
  const grant = url.pathname.slice(1);
  const isRedemption = request.method === "POST";
  const place = placeOf(`${request.method} ${url.hostname}`);
  const broken = () =>
    appError("unreachable", { url: request.url, why: "it broke" }, { cause: brokenOff() });
  const services = servicesAt(url.hostname).filter(({ identity }) =>
    isSignedBy(identity.certificatePem, request.ca)
  );
  const client = request.headers["name"]!;
  const attempt = `${client} ${place}`;
  if (isRedemption) {
    const asked = readRequest(Buffer.from(request.headers["csr"]!, "base64"));
    const claimant = `key ${asked.keyHash}`;
    const key = Buffer.from(asked.publicKey).toString();
    record({ what: "asked", attempt, client, grant, claimant, key });
  }
  const sent = send({
    place,
    services,
    method: request.method,
    path: url.pathname,
    headers: request.headers,
    body: request.body,
    mayRepeat: isRedemption && isOurs,
    patienceMs,
    signal,
    leaked: () => record({ what: "leaked", grant }),
    acknowledged: (service) => isRedemption && isOurs && acknowledged(attempt, service),
  });
  const lost = () => isRedemption && record({ what: "lost", attempt });
  if (sent === undefined) {
    lost();
    const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    throw appError("unreachable", { url: request.url, why: "nobody listens" }, { cause });
  }
  const { response, close } = await sent;
  if (response === undefined) {
    lost();
    signal.throwIfAborted();
    throw broken();
  }
  if (isRedemption && response.status === 200) {
    record({ what: "given", attempt, ...readBody(response.body) });
  } else if (isRedemption) {
    record({ what: "refused", attempt, reason: reasonOf(response) });
  }
  close();
  signal.throwIfAborted();
  const body = Buffer.from(response.body);
  const fields = Object.entries(response.headers ?? {})
    .map(([name, value]) => [name.toLowerCase(), value]);
  const date = new Date(theWorld().now).toUTCString();
  const headers = { ...Object.fromEntries(fields), date, "content-length": String(body.length) };
  return { status: response.status, statusText: "", headers, body };
}
