import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { type Sink, sinkOption } from "../../cli/sink.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";

/** `config export [server-id]` (docs/spec/jfrog.md 4.5). */
export function configExport(run: Runner) {
  return leafWithoutPlatform(
    "export",
    "Print a configured JFrog server as a token for config import; its secrets are in it",
  )
    .argument("[server-id]", "its name; by default the default one's")
    .addOption(sinkOption())
    .action(run({ text: (result) => result?.token ?? "", isManifest: true }, exportToken));
}

async function exportToken(
  context: CommandContext,
  id: string | undefined,
  { to }: { to?: Sink },
): Promise<{ token: string } | undefined> {
  const sink = to && await context.openSink(to, { output: "config", variable: "JF_ENV_1" });
  const result = await exportedToken(context, id);
  if (sink === undefined || to?.kind === "stdout") return result;
  await sink.put({ value: result.token, text: `${result.token}\n` });
  context.progress(`The server is in ${sink.place}.`);
  return undefined;
}

async function exportedToken(context: CommandContext, id: string | undefined) {
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { findServer } = await import("../../jfrog/config/entry.ts");
  const { exportServer } = await import("../../jfrog/config/token.ts");
  const store = openServerStore(context.env);
  const servers = await store.read(context.signal);
  if (id !== undefined) return { token: exportServer(findServer(servers, id)) };
  if (servers.length === 0) throw appError("jfrog-no-servers", { file: store.file });
  const standard = servers.find(({ isDefault }) => isDefault);
  if (standard === undefined) throw appError("jfrog-default-missing", {});
  return { token: exportServer(standard) };
}
