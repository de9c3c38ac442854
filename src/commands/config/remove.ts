import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { findUnlessQuiet } from "../../cli/quiet.ts";
import type { Runner } from "../../cli/runner.ts";
import type { Server } from "../../jfrog/server.ts";
import { isInCi } from "./options.ts";

/** `config remove [server-id]` (docs/spec/jfrog.md 4.3): without a name all of them. */
export function configRemove(run: Runner) {
  return leafWithoutPlatform("remove", "Remove a configured JFrog server, or all of them", {
    formats: ["name"],
    quiet: "do not ask, by default in CI; what is not there is no failure",
  })
    .argument("[server-id]", "its name; by default all")
    .action(run({ text: () => "", names: ({ removed }) => removed }, remove));
}

async function remove(context: CommandContext, id: string | undefined) {
  const { openServerStore } = await import("../../jfrog/config/store.ts");
  const { findServer, removeServer } = await import("../../jfrog/config/entry.ts");
  const store = openServerStore(context.env);
  const before = await store.read(context.signal, "as they are");
  // jf takes what is not there for removed, asked to be quiet or not
  const { quiet } = context;
  const isQuiet = quiet || context.say.program === "jf";
  const removed = id === undefined
    ? before
    : await findUnlessQuiet(context, isQuiet, () => [findServer(before, id)]) ?? [];
  if (removed.length === 0) return { removed: [] };
  const text = id === undefined
    ? "Are you sure you want to delete all the configurations?"
    : `Are you sure you want to delete "${id}" configuration?`;
  if (!(quiet ?? isInCi(context)) && !await context.ask.confirm({ text, option: "--quiet" })) {
    context.warn("Nothing was removed: it was not confirmed");
    return { removed: [] };
  }
  const after = await store.change(
    (servers) => {
      if (id === undefined) return [];
      findServer(servers, id);
      return removeServer(servers, id);
    },
    context.signal,
    "as they are",
  );
  const standard = after.find(({ isDefault }) => isDefault)?.serverId;
  if (removed.some(({ isDefault }) => isDefault) && standard !== undefined) {
    context.note(`Server "${standard}" is the default now.`);
  }
  return { removed: removed.map(nameOf), ...(standard === undefined ? {} : { default: standard }) };
}

function nameOf({ serverId = "" }: Server): string {
  return serverId;
}
