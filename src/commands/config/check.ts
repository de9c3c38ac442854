import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { switchOption, timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import type { ServerCheck, ServerStep } from "../../jfrog/access/server_check.ts";
import type { ChosenServer } from "../../jfrog/access/server_choice.ts";
import { surroundingsOf } from "../jfrog/surroundings.ts";

interface Options {
  insecureTls?: boolean;
}

interface Checked extends ServerCheck {
  server?: string | undefined;
  url: string;
}

/** `config check [server-id]`: its exit code is that of the step that fails. */
export function configCheck(run: Runner) {
  return leafWithoutPlatform("check", "Try a JFrog server step by step, as commands would use it")
    .argument("[server-id]", "its name; by default the one that commands use")
    .addOption(switchOption("insecure-tls", "do not check the server's certificate"))
    .addOption(timeoutOption("60s"))
    .action(run({ text: () => "", data, failure: ({ problem }) => problem }, check));
}

async function check(
  context: CommandContext,
  id: string | undefined,
  { insecureTls }: Options,
): Promise<Checked> {
  const { chooseServer } = await import("../../jfrog/access/server_choice.ts");
  const { tryServer } = await import("../../jfrog/access/server_check.ts");
  const { withFreshToken } = await import("../../jfrog/access/token_refresh.ts");
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { env, warn, detail, deadline } = context;
  const store = openServerStore(env);
  const openStore = () => Promise.resolve(store);
  const surroundings = surroundingsOf(context);
  const server = await chooseServer(
    { serverId: id, insecureTls },
    { env, openStore, warn, detail },
    context.signal,
  );
  await context.tell(nameOf(server));
  const result = await tryServer(server, surroundings, deadline, {
    tell: (step) => context.tell(describe(step)),
    freshen: () => withFreshToken(server, store, surroundings, deadline),
  });
  return { server: server.configured?.serverId, url: server.url, ...result };
}

function nameOf({ configured, url }: ChosenServer): string {
  return configured === undefined ? `Server ${url}` : `Server "${configured.serverId}" ${url}`;
}

function describe({ step, ok, detail }: ServerStep): string {
  return `  ${ok ? "ok    " : "FAILED"} ${step}: ${detail}`;
}

function data({ server, url, problem, ...rest }: Checked) {
  return { ...(server === undefined ? {} : { server }), url, ok: problem === undefined, ...rest };
}
