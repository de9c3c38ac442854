import type { ValuePlace, ValueSources } from "../cli/command_set.ts";
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

/** What may stand at a place, from what is there. Throws where it can't be seen. */
export async function completeValue(
  { command, option }: ValuePlace,
  { platform, namespaces, contexts, env, signal }: ValueSources,
): Promise<string[]> {
  const source = option === undefined ? ofArgument[command] : ofOption[option];
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
