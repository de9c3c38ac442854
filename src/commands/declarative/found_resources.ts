import type { CommandContext } from "../../cli/context.ts";
import { hideValues } from "../../declarative/hidden_values.ts";
import { type AppError, appError } from "../../errors/app_error.ts";
import { kindWords, selectResources } from "../../resources/kind_words.ts";
import type { Resource } from "../../resources/kinds.ts";

/** What was asked for, and what of it is there. */
export interface FoundResources {
  resources: Resource[];
  /** One resource was named, so what is printed is no list. */
  isOne: boolean;
  /** Several kinds were asked for. */
  isMixed: boolean;
  /** The first that was named and is not there. */
  missing: AppError | undefined;
}

/** Looks for the resources that the words name. Throws `usage`, and what the platform throws. */
export async function findResources(
  context: CommandContext,
  words: string[],
  { showSecrets = false }: { showSecrets?: boolean | undefined },
): Promise<FoundResources> {
  const selections = selectResources(words);
  context.concern(...selections.map(({ kind }) => kind));
  const platform = await context.platform();
  const { namespace } = platform;
  const resources: Resource[] = [];
  let missing: AppError | undefined;
  for (const { kind, names } of selections) {
    if (names.length === 0) resources.push(...await platform.list(kind, context.signal));
    for (const name of names) {
      const found = await platform.get(kind, name, context.signal);
      if (found !== undefined) resources.push(found);
      else {
        const list = `get ${kindWords[kind].plural}`;
        missing ??= appError("resource-not-found", { kind, name, namespace, list });
      }
    }
  }
  const named = selections.flatMap(({ names }) => names);
  if (missing !== undefined && resources.length === 0) throw missing;
  if (resources.length === 0) context.warn(`No resources found in namespace "${namespace}"`);
  return {
    resources: showSecrets ? resources : resources.map(hideValues),
    isOne: named.length === 1 && selections.length === 1,
    isMixed: selections.length > 1,
    missing,
  };
}

/** The one resource, or a List, as kubectl prints it. */
export function asKubectl({ resources, isOne }: Pick<FoundResources, "resources" | "isOne">) {
  if (isOne && resources.length === 1) return resources[0];
  return { apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items: resources };
}
