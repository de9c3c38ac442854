import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type Exposure, exposureKinds, parseExposure } from "../../platform/exposure.ts";

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
