import { appError } from "../errors/app_error.ts";

/** The platforms of Skupper, in the order its documentation lists them. */
export const platformNames = ["kubernetes", "docker", "podman", "linux"] as const;

export type PlatformName = (typeof platformNames)[number];

/** True if `name` is one of the platforms. */
export function isPlatformName(name: string): name is PlatformName {
  return (platformNames as readonly string[]).includes(name);
}

/** What a command line says of where it goes; "" says nothing. */
export interface SaidPlatform {
  platform?: string | undefined;
  context?: string | undefined;
  kubeconfig?: string | undefined;
}

/**
 * The platform in force: the option, else SKUPPER_PLATFORM, else Kubernetes where a cluster is
 * named, else what the namespace was `made` with, else Kubernetes (as upstream). Throws
 * `invalid-value` for a name that is none, and `option-of-other-platform` for an option of
 * Kubernetes where another platform was said.
 */
export function choosePlatform(
  said: SaidPlatform,
  made: PlatformName | undefined,
  env: Record<string, string | undefined>,
): PlatformName {
  const named = namedPlatform(said, env);
  const option = said.context ? "--context" : said.kubeconfig ? "--kubeconfig" : undefined;
  if (option !== undefined && named !== undefined && named !== "kubernetes") {
    throw appError("option-of-other-platform", { option, platform: named, of: "kubernetes" });
  }
  return named ?? (option === undefined ? made : undefined) ?? "kubernetes";
}

/** The platform that the option or the variable names. Throws `invalid-value`. */
export function namedPlatform(
  { platform: option }: SaidPlatform,
  env: Record<string, string | undefined>,
): PlatformName | undefined {
  const name = option || env["SKUPPER_PLATFORM"];
  if (!name) return undefined;
  if (isPlatformName(name)) return name;
  throw appError("invalid-value", {
    name: option ? "--platform" : "SKUPPER_PLATFORM",
    value: name,
    wanted: `one of ${platformNames.join(", ")}`,
  });
}
