import { appError } from "../errors/app_error.ts";
import type {
  PlatformRegistry,
  PlatformRequest,
  PlatformWithAbilities,
} from "../platform/abilities.ts";
import {
  choosePlatform,
  namedPlatform,
  type PlatformName,
  platformNames,
} from "../platform/name.ts";
import { version } from "../version.ts";
import type { SharedOptions } from "./options.ts";
import type { World } from "./streams.ts";

/** Who is told of what an opening finds. */
interface Listeners {
  warn(text: string): void;
  onRequest?: PlatformRequest["onRequest"];
  /** Told of a platform that was inferred from what is there. */
  tellInferred(name: PlatformName): void;
}

/**
 * Opens the platform that the options, the environment or the namespace name. Throws
 * `platform-unsupported`, and what the platform's own opening throws.
 */
export async function openPlatform(
  world: World,
  platforms: PlatformRegistry,
  options: SharedOptions,
  { warn, onRequest, tellInferred }: Listeners,
): Promise<PlatformWithAbilities> {
  const isOpen = namedPlatform(options, world.env) === undefined;
  const made = isOpen ? await platforms.detect?.(options.namespace, world.env) : undefined;
  const name = choosePlatform(options, made, world.env);
  if (name === made) tellInferred(name);
  const open = platforms[name];
  if (open === undefined) {
    const supported = platformNames.filter((name) => platforms[name] !== undefined);
    throw appError("platform-unsupported", {
      platform: name,
      what: "this command in this version of the program",
      instead: `Supported: ${supported.join(", ")} (-p, or SKUPPER_PLATFORM).`,
    });
  }
  return await open({
    namespace: options.namespace,
    context: options.context,
    kubeconfig: options.kubeconfig,
    env: world.env,
    executable: world.executable,
    version,
    onProblem: (problem) => warn(problem.message),
    ...(onRequest && { onRequest }),
  });
}
