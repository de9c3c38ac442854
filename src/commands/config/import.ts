import type { CommandContext } from "../../cli/context.ts";
import { decodeText } from "../../runtime/decoded_text.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import type { Runner } from "../../cli/runner.ts";
import { dialogueOf } from "./options.ts";

const maxTokenBytes = 1024 * 1024;

/**
 * `config import <token>` (docs/spec/jfrog.md 4.5); `-` reads it from stdin, where nobody sees it.
 */
export function configImport(run: Runner) {
  return leafWithoutPlatform("import", "Add the JFrog server of a token of config export", {
    formats: ["name"],
  })
    .argument("<token>", "the token, or - for one on standard input: config import - < FILE")
    .action(run({ text: () => "", names: ({ serverId = "" }) => [serverId] }, importToken));
}

async function importToken(context: CommandContext, argument: string) {
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { checkAuthentication, findServer, mergeServer, nameUser, putServer } = await import(
    "../../jfrog/config/entry.ts"
  );
  const { importServer } = await import("../../jfrog/config/token.ts");
  const { confirmInsecure } = await import("../../jfrog/setup/questions.ts");
  const { maskServer } = await import("../../jfrog/config/masked_server.ts");
  if (argument !== "-") {
    const { program } = context.say;
    context.warn(
      `Others on this machine can see the token; it is hidden with: ${program} config import -`,
    );
  }
  const line = argument === "-" ? decodeText(await context.stdin(maxTokenBytes)) ?? "" : argument;
  const imported = importServer(line);
  const server = nameUser(mergeServer({}, imported), imported, context.warn);
  checkAuthentication(server, false);
  await confirmInsecure(dialogueOf(context, { interactive: false }), server);
  if (server.user && server.password) server.tokenRefreshInterval = 60;
  const id = server.serverId!;
  context.progress(`Importing server ID '${id}'`);
  let isReplaced = false;
  const servers = await openServerStore(context.env).change(
    (servers) => {
      isReplaced = servers.some(({ serverId }) => serverId === id);
      return putServer(servers, server);
    },
    context.signal,
    "as they are",
  );
  if (isReplaced) context.warn(`Server ID "${id}" was configured already: it is replaced`);
  return maskServer(findServer(servers, id));
}
