import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import {
  type CertificateOptions,
  certificateSecret,
  type SecretOptions,
} from "./certificate_options.ts";
import { type Exposure, exposureKinds, parseExposure } from "../../platform/exposure.ts";

/** What a controller is told of a cluster. */
export interface ClusterOptions extends CertificateOptions, SecretOptions {
  expose?: Exposure;
  watchNamespace?: string[];
}

/** The options as the platform takes them. Throws `usage` as `certificateSecret` does. */
export function clusterOptions(options: ClusterOptions) {
  const { expose, watchNamespace } = options;
  const secret = certificateSecret(options);
  return {
    ...(secret === undefined ? {} : { certificateSecret: secret }),
    ...(expose === undefined ? {} : { expose }),
    ...(watchNamespace === undefined ? {} : { watchNamespaces: watchNamespace }),
  };
}

/** --expose. */
export function exposeOption() {
  return new Option(
    "--expose <way>",
    `how remote sites reach the grant service: ${
      exposureKinds.join(", ")
    } or host:port (Kubernetes)`,
  ).argParser(exposure);
}

/** --watch-namespace: a list, or given several times. */
export function watchNamespaceOption() {
  return new Option(
    "--watch-namespace <names>",
    "serve these namespaces only, separated by commas (Kubernetes)",
  ).argParser(names);
}

function exposure(text: string): Exposure {
  const found = parseExposure(text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`one of ${exposureKinds.join(", ")}, or host:port`);
}

function names(text: string, before: string[] = []): string[] {
  const found = text.split(",").map((name) => name.trim());
  if (!found.includes("")) return [...new Set([...before, ...found])];
  throw new InvalidArgumentError("names of namespaces, separated by commas");
}
