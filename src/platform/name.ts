import { appError } from "../errors/app_error.ts";

/** The platforms of Skupper, in the order its documentation lists them. */
export const platformNames = ["kubernetes", "docker", "podman", "linux"] as const;

export type PlatformName = (typeof platformNames)[number];

/** True if `name` is one of the platforms. */
export function isPlatformName(name: string): name is PlatformName {
  return (platformNames as readonly string[]).includes(name);
}

/**
 * The platform in force: the option, else what the namespace was made with, else SKUPPER_PLATFORM,
 * else kubernetes (as upstream). Throws `invalid-value` for a name that is none.
 */
export function choosePlatform(
  option: string | undefined,
  made: PlatformName | undefined,
  env: Record<string, string | undefined>,
): PlatformName {
  const name = option ?? made ?? (env["SKUPPER_PLATFORM"] || "kubernetes");
  if (isPlatformName(name)) return name;
  throw appError("invalid-value", {
    name: option === undefined ? "SKUPPER_PLATFORM" : "--platform",
    value: name,
    wanted: `one of ${platformNames.join(", ")}`,
  });
}
