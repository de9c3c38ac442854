import type { CommandContext } from "../../cli/context.ts";
import type { Application } from "../../declarative/apply_manifests.ts";
import { readManifests } from "../../declarative/manifest_files.ts";
import { appError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";

/**
 * The resources of the files, each with the platform in the namespace that it names, else in the
 * one in force. Throws what `readManifests` throws, and `namespace-differs`.
 */
export async function openManifests(
  context: CommandContext,
  files: string[],
  { namesAlone = false }: { namesAlone?: boolean } = {},
): Promise<Application[]> {
  const { signal, stdin, warn } = context;
  const reading = { stdin, signal, warn: (problem: Error) => warn(problem.message), namesAlone };
  const manifests = await readManifests(files, reading);
  const opened = new Map<string, Promise<PlatformWithAbilities>>();
  const all: Application[] = [];
  for (const manifest of manifests) {
    const { namespace: named, where } = manifest;
    const { namespace } = context;
    if (named !== undefined && namespace !== undefined && named !== namespace) {
      throw appError("namespace-differs", { where, named, namespace });
    }
    let platform = named === undefined || named === namespace
      ? context.platform()
      : opened.get(named);
    if (platform === undefined) {
      platform = context.platformIn(named!);
      opened.set(named!, platform);
    }
    all.push({ ...manifest, platform: await platform });
  }
  return all;
}
