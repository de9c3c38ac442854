import { type AppError, appError, isAppError } from "../../../src/errors/app_error.ts";
import { faultOf } from "../../../src/network/answer_fault.ts";
import { codeOf, describeConnectionError } from "../../../src/network/connection_fault.ts";
import { type ApiRequest, resourceOf } from "./request.ts";
import type { KubeContext } from "../access/kubeconfig.ts";
import { noAnswerCode } from "../access/transport.ts";

/** An answer that is no success. */
export interface ApiRefusal {
  status: number;
  body: string;
  retryAfterMs: number | undefined;
  /** Why credentials that were sent may not be accepted. */
  credentials: string | undefined;
}

/** metav1.Status, as the API server answers with where it fails. */
interface ApiStatus {
  message?: string;
  reason?: string;
  details?: {
    kind?: string;
    causes?: { reason?: string; field?: string; message?: string }[];
  };
}

/**
 * What an answer means to the user: `conflict`, `resource-not-found`, `namespace-not-found`,
 * `namespace-terminating`, `crd-missing`, `forbidden`, `unauthenticated`, `request-denied`,
 * `resource-invalid`, `api-answer-invalid` or `api-failed`.
 */
export function describeApiRefusal(
  request: ApiRequest,
  { status, body, retryAfterMs, credentials }: ApiRefusal,
  context: KubeContext,
): AppError {
  const found = parseStatus(body);
  const message = found?.message ?? brief(body);
  const { kind, name = "", namespace = "" } = request;
  const url = context.cluster.server;
  switch (status) {
    case 401:
      return unauthenticated(context, credentials);
    case 403:
      return describeForbidden(request, found, message, context);
    case 404:
      if (found === undefined) return describeUnknownPath(request, body, context);
      return found.details?.kind === "namespaces"
        ? appError("namespace-not-found", {
          namespace: kind === "Namespace" ? name : namespace,
          where: `the cluster of context "${context.name}"`,
          hint: `kubectl create namespace ${kind === "Namespace" ? name : namespace}`,
        })
        : appError("resource-not-found", { kind, name, namespace });
    case 409:
      return appError("conflict", { kind, name });
    case 400:
    case 422:
      return appError("resource-invalid", {
        where: `${kind} "${name}"`,
        why: describeCauses(found) || message,
      });
    default:
      return appError("api-failed", {
        url,
        status,
        message,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      }, { retryAfterMs });
  }
}

/**
 * What it means that no whole answer came: `unreachable`, `tls-failed` or `api-answer-invalid`. An
 * AppError is given back as it is.
 */
export function describeFailedExchange(cause: unknown, context: KubeContext): AppError {
  if (isAppError(cause)) return cause;
  const url = context.cluster.server;
  const fault = faultOf(cause);
  if (fault !== undefined) return appError("api-answer-invalid", { url, why: fault }, { cause });
  const name = context.cluster["tls-server-name"] || new URL(url).hostname;
  const { tls, why } = describeConnectionError(cause, name);
  const hint = `It is the API server of context "${context.name}" in ${context.files.join(", ")}.`;
  return appError(tls ? "tls-failed" : "unreachable", { url, why, hint }, { cause });
}

/** True if the same request may succeed a little later. */
export function isPassing(error: unknown): error is AppError<"unreachable" | "api-failed"> {
  if (isAppError(error, "unreachable")) {
    return !["ENOTFOUND", noAnswerCode].includes(codeOf(error.cause));
  }
  if (!isAppError(error, "api-failed")) return false;
  const { status } = error.data;
  return status === 429 || status >= 500;
}

/** True if a list or watch can't go on from where it stood (410 Gone): it must begin anew. */
export function isExpired(error: unknown): boolean {
  return isAppError(error, "api-failed") && error.data.status === 410;
}

/** True if the connection did not come about, so that the server can't have taken the request. */
export function isUnsent(cause: unknown): boolean {
  return ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"].includes(codeOf(cause));
}

/** The status an answer's body holds, if it is one. */
export function parseStatus(body: string): ApiStatus | undefined {
  try {
    const found = JSON.parse(body);
    return found?.kind === "Status" ? found : undefined;
  } catch {
    return undefined;
  }
}

function describeForbidden(
  request: ApiRequest,
  found: ApiStatus | undefined,
  message: string,
  context: KubeContext,
): AppError {
  const { verb, namespace = "" } = request;
  const resource = resourceOf(request);
  if (found?.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating")) {
    return appError("namespace-terminating", { namespace });
  }
  const [, user] = /^[^:]* is forbidden: User "([^"]*)" cannot /.exec(message) ?? [];
  if (user === undefined) return appError("request-denied", { verb, resource, why: message });
  return user === "system:anonymous"
    ? unauthenticated(context, "they were not sent or not recognised")
    : appError("forbidden", { verb, resource, namespace, user });
}

function describeUnknownPath(request: ApiRequest, body: string, context: KubeContext): AppError {
  const resource = resourceOf(request);
  const url = context.cluster.server;
  if (/^404 page not found\s*$/.test(body)) {
    return appError("crd-missing", { resource, context: context.name });
  }
  return appError("api-answer-invalid", { url, why: `it answered 404: ${brief(body)}` });
}

/**
 * The fields that are wrong, and why; of secret ones the value, which the API quotes, is left out.
 */
function describeCauses(status: ApiStatus | undefined): string {
  return (status?.details?.causes ?? [])
    .map(({ reason, field = "", message = "" }) =>
      !/^(data|stringData|spec\.code)\b/.test(field)
        ? `${field}: ${message}`
        : reason === "FieldValueRequired"
        ? `${field} is missing`
        : `${field} is not acceptable`
    )
    .join("; ");
}

function unauthenticated(context: KubeContext, why: string | undefined): AppError {
  const { name, cluster } = context;
  return appError("unauthenticated", {
    url: cluster.server,
    context: name,
    ...(why === undefined ? {} : { why }),
  });
}

/** The beginning of an answer that is no Status, on one line. */
function brief(body: string): string {
  return body.slice(0, 200).replaceAll(/\s+/g, " ").trim();
}
