import { Argument, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../cli/context.ts";
import { leaf } from "../cli/leaf.ts";
import { timeoutOption } from "../cli/options.ts";
import { qualifiedName } from "../cli/resource_names.ts";
import { quote } from "../cli/command_words.ts";
import type { Runner } from "../cli/runner.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { PlatformWithAbilities } from "../platform/abilities.ts";
import { type AccessGrant, grantState } from "../resources/access_grant.ts";
import { type BaseResource, describeState, hasCondition } from "../resources/resource.ts";
import { followLinks } from "../router/follow_links.ts";
import { sleep } from "../runtime/clock.ts";
import { whyInVain } from "../token/wait_in_vain.ts";
import { waitFor } from "../wait/wait_for.ts";

/** What is waited for, by the word that names it, with the states that its status has. */
const awaited = {
  site: {
    kind: "Site",
    states: ["configured", "running", "ready", "pending", "error"],
    usual: "ready",
    list: "site status",
  },
  link: {
    kind: "Link",
    states: ["configured", "operational", "ready", "pending", "error"],
    usual: "ready",
    list: "link status",
  },
  grant: {
    kind: "AccessGrant",
    states: ["ready", "pending", "used-up", "expired", "error"],
    usual: "ready",
    list: "grant list",
  },
  token: {
    kind: "AccessToken",
    states: ["redeemed", "pending", "error"],
    usual: "redeemed",
    list: "token status",
  },
} as const;

type Word = keyof typeof awaited;

/** What kubectl calls the states that every kind has. */
const kubectlWords: Record<string, string> = { create: "created", delete: "deleted" };

const words = Object.keys(awaited) as Word[];
const states = [...new Set(Object.values(awaited).flatMap(({ states }) => [...states]))];

interface Reached {
  kind: string;
  name: string;
  /** The state that was waited for. */
  state: string;
  /** How it stands by its status; absent where it is gone. */
  status?: string;
}

/** `wait <resource> [name]`, as `kubectl wait` does it. */
export function waitCommand(run: Runner) {
  return leaf("wait", "Wait until a site, link, grant or token is in a state", {
    formats: ["name"],
  })
    .addArgument(
      new Argument("<resource>", "its kind; link/<name> names both")
        .choices(words).argParser(readResource),
    )
    .argument("[name]", "its name; of a site by default the namespace's")
    .addOption(
      new Option(
        "--for <state>",
        `${states.join(", ")}, created or deleted, or as kubectl has them (condition=Ready, ` +
          "create, delete); by default ready, of a token redeemed",
      ),
    )
    .addOption(timeoutOption("60s"))
    .action(run({ text, names: ({ kind, name }) => [qualifiedName(kind, name)] }, wait));
}

/** `link`, `link/east` or `link.skupper.io/east`, and what they name. */
function readResource(text: string): { word: Word; name?: string } {
  const [, before = "", name] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  const word = words.find((word) => {
    const kind = awaited[word].kind.toLowerCase();
    return [word, `${word}s`, kind, `${kind}s`, `${kind}.skupper.io`].includes(before);
  });
  if (word === undefined) throw new InvalidArgumentError(`one of ${words.join(", ")}`);
  return { word, ...(name ? { name } : {}) };
}

async function wait(
  context: CommandContext,
  resource: { word: Word; name?: string },
  argument: string | undefined,
  options: { for?: string | undefined },
): Promise<Reached> {
  const { word } = resource;
  const { kind, usual } = awaited[word];
  context.concern(kind);
  const state = wantedState(word, options.for ?? usual);
  if (resource.name !== undefined && argument !== undefined) {
    const help = `${context.say.program} wait --help`;
    throw appError("usage", { message: `The ${word} is named twice`, help });
  }
  const platform = await context.platform();
  const name = resource.name ?? argument ?? await siteName(platform, word, context);
  const what = `${word} "${name}" to be ${state}`;
  return await follow(platform, { word, name, state }, context.signal, (lists) =>
    waitFor(lists, {
      what,
      resume: `wait ${word} ${quote(name)} --for ${state}`,
      done(list) {
        const found = list.find(({ metadata }) => metadata.name === name);
        if (found === undefined) {
          if (state === "deleted") return { kind, name, state };
          if (state === "created") return undefined;
          const { namespace } = platform;
          throw appError("resource-not-found", { kind, name, namespace, list: awaited[word].list });
        }
        if (state === "deleted") return undefined;
        if (isIn(found, state)) return { kind, name, state, status: statusOf(found) };
        refuseVain(found, state, platform.namespace);
        return undefined;
      },
      describe(list) {
        const found = list.find(({ metadata }) => metadata.name === name);
        return found === undefined ? "it is not there" : inWords(found);
      },
    }, context.deadline));
}

/** The state as it is compared, from a word of ours or of kubectl's. Throws `invalid-value`. */
function wantedState(word: Word, text: string): string {
  const [, condition] = /^condition=([^=]*)(?:=true)?$/i.exec(text) ?? [];
  const state = kubectlWords[text] ?? normal(condition ?? text);
  const choices = [...awaited[word].states, "created", "deleted"];
  if (choices.some((choice) => choice === state)) return state;
  const wanted = `for a ${word} one of ${choices.join(", ")}`;
  throw appError("invalid-value", { name: "--for", value: text, wanted });
}

async function siteName(
  platform: PlatformWithAbilities,
  word: Word,
  context: CommandContext,
): Promise<string> {
  const help = `${context.say.program} wait --help`;
  if (word !== "site") throw appError("usage", { message: `Name the ${word}`, help });
  const [site] = await platform.list("Site", context.signal);
  if (site !== undefined) return site.metadata.name;
  const { namespace } = platform;
  throw appError("site-missing", { namespace, purpose: "wait for the site" });
}

/** The resource, again and again as it changes, and where only time changes it. */
async function follow<T>(
  platform: PlatformWithAbilities,
  { word, name, state }: { word: Word; name: string; state: string },
  signal: AbortSignal,
  work: (lists: AsyncIterable<BaseResource[]>) => Promise<T>,
): Promise<T> {
  if (word === "link") return await followLinks(platform, work, "wait", signal);
  const { kind } = awaited[word];
  return await work(
    state === "expired" ? everySecond(platform, name, signal) : platform.watch(kind, signal, name),
  );
}

async function* everySecond(
  platform: PlatformWithAbilities,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<AccessGrant[]> {
  for (;;) {
    const grant = await platform.get("AccessGrant", name, signal);
    yield grant === undefined ? [] : [grant];
    await sleep(1000, signal);
  }
}

/** True if it is in the state, by its status or by a condition that is true. */
function isIn(resource: BaseResource, state: string): boolean {
  if (state === "created" || normal(statusOf(resource)) === state) return true;
  return resource.kind !== "AccessGrant" &&
    hasCondition(resource, state.slice(0, 1).toUpperCase() + state.slice(1));
}

/** Ends a wait that nothing but somebody's change can end otherwise. */
function refuseVain(resource: BaseResource, state: string, namespace: string): void {
  if (state === "error") return;
  const why = whyInVain(resource, { namespace, now: Date.now() });
  // what is used up expires as well
  if (why !== undefined && !(state === "expired" && isAppError(why, "grant-used-up"))) throw why;
}

function statusOf(resource: BaseResource): string {
  return resource.kind === "AccessGrant"
    ? grantState(resource as AccessGrant, Date.now()).status
    : resource.status?.status ?? "Pending";
}

function inWords(resource: BaseResource): string {
  if (resource.kind !== "AccessGrant") return describeState(resource);
  const { status, message } = grantState(resource as AccessGrant, Date.now());
  return message === undefined ? status : `${status} (${message})`;
}

/** `Used up` is the same as `used-up`. */
function normal(state: string): string {
  return state.toLowerCase().replaceAll(" ", "-");
}

function text({ kind, name, state }: Reached): string {
  return `${qualifiedName(kind, name)} is ${state}.`;
}
