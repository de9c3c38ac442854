import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { formatOption } from "../jfrog/jf_format.ts";

interface Options {
  format?: "json" | "table";
}

/** `config show [server-id]` (docs/spec/jfrog.md 4.2): secrets are never shown. */
export function configShow(run: Runner) {
  return leafWithoutPlatform("show", "Show the configured JFrog servers, without their secrets", {
    formats: ["name"],
  })
    .argument("[server-id]", "the one to show; by default all")
    .addOption(formatOption())
    .action(
      run({
        text: ({ text }) => text,
        data: ({ servers }) => servers,
        names: ({ servers }) => servers.map(({ serverId = "" }) => serverId),
      }, show),
    );
}

async function show(context: CommandContext, id: string | undefined, { format }: Options) {
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { findServer } = await import("../../jfrog/config/entry.ts");
  const { serverTables, legacyText } = await import("./text.ts");
  const { maskServer } = await import("../../jfrog/config/masked_server.ts");
  const { writeGoJson } = await import("../../jfrog/go_json.ts");
  const store = openServerStore(context.env);
  context.detail(`The configuration file is ${store.file}`);
  const all = await store.read(context.signal, "as they are");
  const found = id === undefined ? all : [findServer(all, id)];
  const servers = found.map(maskServer);
  if (found.length === 0) {
    context.note(`No server is configured. To add one: ${context.say.program} config add`);
  }
  const texts = {
    json: () => writeGoJson(servers),
    table: () => serverTables(found),
    legacy: () => legacyText(found),
  };
  return { servers, text: texts[format ?? "legacy"]() };
}
