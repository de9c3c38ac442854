import type { ValuePlace, ValueSources } from "../cli/command_set.ts";
import { kindOf, kindsInOrder, kindWords } from "../resources/kind_words.ts";
import type { Kind } from "../resources/kinds.ts";

type Source = Kind | "namespace" | "context" | "server";

/** What an option is completed with. */
const ofOption: Record<string, Source> = {
  "--namespace": "namespace",
  "--context": "context",
  "--grant": "AccessGrant",
  "--tls-credentials": "Secret",
  "--server-id": "server",
};

/** What the first argument of a command is completed with. */
const ofArgument: Record<string, Source> = {
  "site update": "Site",
  "site delete": "Site",
  "site status": "Site",
  "token status": "AccessToken",
  "grant status": "AccessGrant",
  "grant revoke": "AccessGrant",
  "link status": "Link",
  "link check": "Link",
  "link update": "Link",
  "link delete": "Link",
  "config show": "server",
  "config edit": "server",
  "config remove": "server",
  "config export": "server",
  "config use": "server",
  "config check": "server",
};

/** Commands whose first argument is a kind, and whose others are names of that kind. */
const takesResources = ["get", "describe", "delete"];

function sourceOf({ command, option, before }: ValuePlace): Source | undefined {
  if (option !== undefined) return ofOption[option];
  const [kind = ""] = before;
  if (!takesResources.includes(command)) return ofArgument[command];
  return kind.includes("/") || kind.includes(",") ? undefined : kindOf(kind);
}

/** What may stand at a place, from what is there. Throws where it can't be seen. */
export async function completeValue(
  place: ValuePlace,
  { platform, namespaces, contexts, env, signal }: ValueSources,
): Promise<string[]> {
  const { command, option, before } = place;
  if (option === undefined && takesResources.includes(command) && before.length === 0) {
    return kindsInOrder.map((kind) => kindWords[kind].plural);
  }
  const source = sourceOf(place);
  switch (source) {
    case undefined:
      return [];
    case "namespace":
      return await namespaces();
    case "context":
      return await contexts();
    case "server": {
      const { serverIds } = await import("../jfrog/config/server_ids.ts");
      return await serverIds(env, signal);
    }
    default: {
      const found = await (await platform()).list(source, signal);
      return found.map(({ metadata }) => metadata.name);
    }
  }
}
