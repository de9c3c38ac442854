import { appError } from "../errors/app_error.ts";

/** The platforms of Skupper, in the order its documentation lists them. */
export const platformNames = ["kubernetes", "docker", "podman", "linux"] as const;

export type PlatformName = (typeof platformNames)[number];

/** True if `name` is one of the platforms. */
export function isPlatformName(name: string): name is PlatformName {
  return (platformNames as readonly string[]).includes(name);
}

/**
 * The platform in force: the option, else SKUPPER_PLATFORM, else kubernetes (as upstream).
 * Throws `invalid-value` for a name that is none.
 */
export function choosePlatform(
  option: string | undefined,
  env: Record<string, string | undefined>,
): PlatformName {
  const fromEnv = env["SKUPPER_PLATFORM"] || undefined;
  const name = option ?? fromEnv ?? "kubernetes";
  if (isPlatformName(name)) return name;
  throw appError("invalid-value", {
    name: option === undefined ? "SKUPPER_PLATFORM" : "--platform",
    value: name,
    wanted: `one of ${platformNames.join(", ")}`,
  });
}
