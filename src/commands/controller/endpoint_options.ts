import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { wholeNumber } from "../../cli/options.ts";
import { isAddressRange } from "../../grant_service/http/address_ranges.ts";
import type { ControllerOptions } from "../../platform/controller_options.ts";
import {
  certificateFiles,
  type CertificateOptions,
  type SecretOptions,
} from "./certificate_options.ts";

/** The options as they are given. */
export type EndpointOptions =
  & Omit<ControllerOptions, "certificate">
  & CertificateOptions
  & SecretOptions;

/** --grant-host. */
export function grantHostOption() {
  return new Option("--grant-host <host>", "host that tokens name the grant service by")
    .argParser(reachableHost);
}

/** --grant-port. */
export function grantPortOption() {
  return new Option(
    "--grant-port <port>",
    "port of the grant service (default: the one used before, else 9090 or the next free one)",
  ).argParser(wholeNumber(1, 65535));
}

/** --operations-port. */
export function operationsPortOption() {
  return new Option(
    "--operations-port <port>",
    "port of health, metrics and overview (default: the one used before, else any free one)",
  ).argParser(wholeNumber(1, 65535));
}

/** --proxy-protocol-from: a list, or given several times. */
export function proxyProtocolOption() {
  return new Option(
    "--proxy-protocol-from <networks>",
    "take the client's address from the PROXY protocol of these proxies, separated by commas",
  ).argParser(networks);
}

function networks(text: string, before: string[] = []): string[] {
  const found = text.split(",").map((range) => range.trim());
  if (found.every(isAddressRange)) return [...new Set([...before, ...found])];
  throw new InvalidArgumentError("IP addresses or networks such as 10.0.0.0/8");
}

/** The options as the platform takes them. Throws `usage` as `certificateFiles` does. */
export function controllerOptions(options: EndpointOptions): ControllerOptions {
  const { grantHost, grantPort, operationsPort, proxyProtocolFrom } = options;
  const certificate = certificateFiles(options);
  return {
    ...(grantHost === undefined ? {} : { grantHost }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(grantPort === undefined ? {} : { grantPort }),
    ...(operationsPort === undefined ? {} : { operationsPort }),
    ...(proxyProtocolFrom === undefined ? {} : { proxyProtocolFrom }),
  };
}

/** A host name or address that can stand in a url, and is not this machine's "anywhere". */
function reachableHost(text: string): string {
  const url = URL.parse(`https://${text.includes(":") ? `[${text}]` : text}`);
  if (url?.href === `https://${url?.hostname}/` && !/^(0\..*|\[::\])$/.test(url.hostname)) {
    return text;
  }
  throw new InvalidArgumentError("a host name or an IP address that remote sites can reach");
}
