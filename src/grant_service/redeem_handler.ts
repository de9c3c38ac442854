import { Buffer } from "node:buffer";
import { AppError } from "../errors/app_error.ts";
import { isSubdomain } from "../resources/names.ts";
import { writeYaml } from "../resources/yaml.ts";
import { type Now, steadyNow } from "../runtime/clock.ts";
import type { Audit } from "./audit.ts";
import type { GrantBook } from "./grant_book.ts";
import type { HttpHandler, HttpResponse, ReceivedRequest } from "./http/message.ts";
import type { ServiceMetrics } from "./metrics.ts";
import type { GrantReference, Redeemed, RedeemRequest, Refused } from "./redemption.ts";
import {
  failureResponse,
  plainResponse,
  refusalResponse,
  throttledResponse,
} from "./refusal_response.ts";
import { clientNetwork, WrongCodeLimit } from "./wrong_code_limit.ts";

export interface RedeemHandlerOptions {
  book: GrantBook;
  audit: Audit;
  metrics: ServiceMetrics;
  /** Called with failures that are not the client's, to be logged. */
  onError?(error: unknown): void;
  /** Milliseconds by a clock that nobody sets, for the limits; the process' own by default. */
  now?: Now;
}

/**
 * Wrong codes from one address, and for one grant from wherever. Past them a wrong code is told to
 * wait. The right one is always taken: its holder may share the address with anybody (NAT, a
 * gateway, a proxy), and codes of 142 bits need no limit against guessing. What is limited is what
 * wrong ones cost: their lines in the log.
 */
const addressAllowance = { count: 30, refillMs: 2000 };

const grantAllowance = { count: 60, refillMs: 1000 };

const contentType = "application/yaml";

/** A response and the word it is counted under. */
type Counted = [outcome: string, response: HttpResponse];

/**
 * Answers redemptions (POST) as docs/spec/redemption.md 4 prescribes, and probes (GET with the code
 * as a header), which spend nothing; upstream's service answers those with 405.
 */
export function redeemHandler(options: RedeemHandlerOptions): HttpHandler {
  const { book, audit, metrics, onError = () => {}, now = steadyNow } = options;
  const perAddress = new WrongCodeLimit(addressAllowance, now);
  const perGrant = new WrongCodeLimit(grantAllowance, now);

  return async (request) => {
    const startedAt = performance.now();
    const [outcome, response] = await respond(request);
    metrics.countAnswer(outcome, (performance.now() - startedAt) / 1000);
    return response;
  };

  async function respond(request: ReceivedRequest): Promise<Counted> {
    const { method, address } = request;
    if (method !== "POST" && method !== "GET") {
      return ["method", plainResponse(405, "Only POST is supported")];
    }
    const redemption = readRedemption(request);
    if (typeof redemption === "string") return ["invalid", plainResponse(400, redemption)];
    try {
      const answer = method === "POST" ? await book.redeem(redemption) : await book.inspect({
        ...redemption,
        code: Buffer.from(header(request, "code"), "latin1"),
      });
      if (answer.outcome === "redeemed") return redeemed(answer, address);
      if (answer.outcome === "refused") return refused(answer, redemption.key, address);
      const body = writeYaml({ usesLeft: answer.usesLeft, expires: answer.expires });
      return ["probed", { status: 200, body, contentType }];
    } catch (error) {
      return failed(error, redemption.key, address);
    }
  }

  function redeemed(answer: Redeemed, address: string): Counted {
    const { body, name, subject, serial } = answer;
    const outcome = answer.repeated ? "repeated" : "redeemed";
    const facts = { ...auditNames(answer.grant), name, subject, address, serial };
    audit({ event: outcome, ...facts });
    const settle = (delivered: boolean) => {
      answer.settle(delivered);
      if (delivered) return;
      metrics.countUndelivered();
      audit({ event: "undelivered", ...facts });
    };
    return [outcome, { status: 200, body, contentType, settle }];
  }

  function refused(answer: Refused, key: string, address: string): Counted {
    const { reason, grant } = answer;
    const facts = grant === undefined ? {} : auditNames(grant);
    if (reason === "unknown" || reason === "wrong-code") {
      const network = clientNetwork(address);
      const waitSeconds = perAddress.waitSeconds(network) ??
        (reason === "wrong-code" ? perGrant.waitSeconds(key) : undefined);
      if (waitSeconds !== undefined) return ["throttled", throttledResponse(waitSeconds)];
      perAddress.count(network);
      if (reason === "wrong-code") perGrant.count(key);
    }
    audit({ event: "refused", ...facts, address, reason });
    return [reason, refusalResponse(answer)];
  }

  function failed(error: unknown, uid: string, address: string): Counted {
    const response = failureResponse(error);
    if (error instanceof AppError && response !== undefined) {
      audit({ event: "refused", uid, address, reason: error.code });
      return [error.code, response];
    }
    onError(error);
    // an AppError is a trouble that may pass, such as a full disk; anything else is a defect
    return ["failed", plainResponse(error instanceof AppError ? 503 : 500, "Internal error")];
  }
}

/** What the request asks for, or what is wrong with it. */
function readRedemption(request: ReceivedRequest): RedeemRequest | string {
  const name = header(request, "name");
  if (name !== "" && !isSubdomain(name)) {
    return "Header name must be an RFC 1123 subdomain of at most 253 characters";
  }
  const subject = header(request, "subject");
  if (!/^[\x20-\x7e]{0,64}$/.test(subject)) {
    return "Header subject must be at most 64 printable characters";
  }
  const csr = header(request, "csr");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(csr)) return "Header csr must be base64";
  return {
    key: request.path.replaceAll("/", ""),
    code: request.body,
    name,
    subject,
    isConnected: request.isConnected,
    setAside: request.setAside,
    ...(csr === "" ? {} : { csr: Buffer.from(csr, "base64") }),
  };
}

function header(request: ReceivedRequest, name: string): string {
  return request.headers.get(name) ?? "";
}

function auditNames({ namespace, name, uid }: GrantReference) {
  return { namespace, grant: name, uid };
}
