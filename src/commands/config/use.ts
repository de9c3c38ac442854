import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";

/** `config use <server-id>` (docs/spec/jfrog.md 4.4). */
export function configUse(run: Runner) {
  return leafWithoutPlatform("use", "Make a configured JFrog server the default one", {
    formats: ["name"],
  })
    .argument("<server-id>", "its name")
    .action(run({ text: () => "", names: ({ serverId }) => [serverId] }, use));
}

async function use(context: CommandContext, id: string) {
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { findServer, useServer } = await import("../../jfrog/config/entry.ts");
  const store = openServerStore(context.env);
  findServer(await store.read(context.signal, "as they are"), id);
  const servers = await store.change(
    (servers) => useServer(servers, id),
    context.signal,
    "as they are",
  );
  const { url, artifactoryUrl } = findServer(servers, id);
  const where = url || artifactoryUrl;
  context.progress(`Using server ID '${id}'${where ? ` (${where})` : ""}`);
  return { serverId: id, ...(where ? { url: where } : {}) };
}
