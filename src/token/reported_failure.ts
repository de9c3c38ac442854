import { Buffer } from "node:buffer";
import { type AppError, appError } from "../errors/app_error.ts";
import { describeRefusal, isPassingStatus } from "./refusal.ts";
import type { UsableToken } from "./token_file.ts";

/**
 * What a controller's message in an AccessToken's status means, its own or upstream's
 * (docs/spec/skupper-kubernetes.md 4.2); undefined if it tries again and may succeed. `namespace`
 * is the token's, `now` this machine's time in milliseconds.
 */
export function describeReportedFailure(
  token: UsableToken,
  message: string,
  { namespace, now }: { namespace: string; now: number },
): AppError | undefined {
  const { url } = token.spec;
  const [, status, body = ""] =
    /^Controller got failed response: (\d{3}) \([^)]*\)(.*)$/s.exec(message) ?? [];
  if (status !== undefined) {
    const answer = { status: Number(status), headers: {}, body: Buffer.from(body.trim()) };
    return isPassingStatus(answer.status) ? undefined : describeRefusal(token, answer, now);
  }
  const [, error] = /^Controller got error: (?:Post "[^"]*": )?(.*)$/s.exec(message) ?? [];
  if (error !== undefined) {
    return /\b(x509|tls): /.test(error) ? appError("tls-failed", { url, why: error }) : undefined;
  }
  if (message === "Controller could not decode response") {
    return appError("answer-invalid", { url, why: "the controller could not decode it" });
  }
  const [, kind, name = ""] =
    /^Controller could not create received (secret|link): \S+ "([^"]*)" already exists/
      .exec(message) ?? [];
  if (kind !== undefined) {
    const what = kind === "secret" ? "Secret" : "Link";
    return appError("name-taken", { kind: what, name, namespace });
  }
  return ownFailures(token, namespace).find((failure) => message.startsWith(failure.message)) ??
    appError("token-not-redeemed", { token: token.metadata.name, message });
}

/** The failures that our controller words as the command line does; some are followed by more. */
function ownFailures(token: UsableToken, namespace: string): AppError[] {
  const { url } = token.spec;
  const { name } = token.metadata;
  const taken = ["Secret", "Link"].flatMap((kind) =>
    [name, `${name}-1`].map((name) => appError("name-taken", { kind, name, namespace }))
  );
  return [
    appError("token-refused", { url }),
    appError("token-expired", { token: name }),
    appError("token-used-up", { token: name }),
    appError("token-revoked", { token: name }),
    appError("token-closed", { token: name }),
    appError("token-unknown", { token: name }),
    appError("token-own", { token: name, namespace }),
    ...taken,
  ];
}
