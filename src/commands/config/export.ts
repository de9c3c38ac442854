import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { type Sink, sinkOption } from "../../cli/sink.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import type { Server } from "../../jfrog/server.ts";

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
  const { secretFields } = await import("../../jfrog/config/fields.ts");
  const { token, server } = await exportedToken(context, id);
  const inside = secretFields.flatMap((name) => server[name] || []);
  const secret = { value: token, text: `${token}\n`, inside };
  if (sink === undefined || to?.kind === "stdout") {
    await sink?.mask(secret);
    return { token };
  }
  await sink.put(secret);
  context.progress(`The server is in ${sink.place}.`);
  return undefined;
}

async function exportedToken(context: CommandContext, id: string | undefined) {
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { findServer } = await import("../../jfrog/config/entry.ts");
  const { exportServer } = await import("../../jfrog/config/token.ts");
  const store = openServerStore(context.env);
  const servers = await store.read(context.signal);
  const exported = (server: Server) => ({ token: exportServer(server), server });
  if (id !== undefined) return exported(findServer(servers, id));
  if (servers.length === 0) throw appError("jfrog-no-servers", { file: store.file });
  const standard = servers.find(({ isDefault }) => isDefault);
  if (standard === undefined) throw appError("jfrog-default-missing", {});
  return exported(standard);
}
