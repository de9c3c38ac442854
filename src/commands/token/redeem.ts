import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { fileName, shortTimeoutOption } from "../../cli/options.ts";
import { qualifiedName } from "../../cli/resource_names.ts";
import { quote } from "../../cli/command_words.ts";
import type { Runner } from "../../cli/runner.ts";
import { isAppError } from "../../errors/app_error.ts";
import { need, type PlatformWithAbilities } from "../../platform/abilities.ts";
import { describeState, isReady } from "../../resources/resource.ts";
import { followLinks } from "../../router/follow_links.ts";
import { changeLive, type LiveChange } from "../../router/live_change.ts";
import type { RedeemedToken } from "../../token/redeem.ts";
import { isTimeout } from "../../wait/deadline.ts";
import { waitFor } from "../../wait/wait_for.ts";
import {
  identityOption,
  type IdentityOptions,
  linkCostAliasOption,
  linkCostOption,
} from "./options.ts";
import type { TokenProbe } from "../../token/token_probe.ts";
import { describeProbe, probeData } from "./probe_text.ts";
import { readToken } from "./read_token.ts";

const waitChoices = ["redeemed", "ready"] as const;

interface Options extends IdentityOptions {
  linkCost?: number;
  cost?: number;
  wait: (typeof waitChoices)[number];
  reload?: boolean | undefined;
  dryRun?: true;
}

interface Redeemed extends RedeemedToken {
  file: string;
  /** True where a router reports the link as connected. */
  active: boolean;
  /** What came of it in the router that runs, by the names of the links. */
  live?: Record<string, LiveChange>;
}

/** How soon a router that was given a link has it connected, in milliseconds. */
const soonMs = 1000;

/**
 * `token redeem <file>` (docs/spec/commands.md 2.2). With `--wait ready` it goes on waiting for the
 * links of a token that was redeemed here before.
 */
export function tokenRedeem(run: Runner) {
  return leaf("redeem", "Redeem a token file in order to create a link to a remote site", {
    formats: ["name"],
  })
    .argument("<file>", "the name of the token file to use, or - for standard input", fileName)
    .addOption(shortTimeoutOption("60s"))
    .addOption(identityOption())
    .addOption(linkCostOption())
    .addOption(linkCostAliasOption())
    .addOption(
      new Option("--wait <status>", "wait until the token is redeemed, or until the link is ready")
        .choices(waitChoices).default("redeemed" as const),
    )
    .option(
      "--reload",
      "have upstream's program start the router anew with what is stored, all links with it",
    )
    .addOption(
      new Option("--dry-run", "see whether it could be redeemed: nothing is spent, nothing stored")
        .conflicts(["wait", "reload"]),
    )
    .action(
      run(
        { text, data, names, failure: (done) => isDry(done) ? done.probe.failure : undefined },
        redeem,
      ),
    );
}

/** What --dry-run finds. */
interface Rehearsal {
  token: string;
  /** The site that would have the link. */
  site: string;
  probe: TokenProbe;
}

function isDry(done: Redeemed | Rehearsal): done is Rehearsal {
  return "probe" in done;
}

function names(done: Redeemed | Rehearsal): string[] {
  return isDry(done) ? [] : done.links.map((link) => qualifiedName("Link", link));
}

function data(done: Redeemed | Rehearsal) {
  return isDry(done) ? { ...done, probe: probeData(done.probe) } : done;
}

async function rehearse(
  context: CommandContext,
  file: string,
  options: IdentityOptions,
): Promise<Rehearsal> {
  const { rehearseOnPlatform } = await import("../../token/redeem_on_platform.ts");
  const { probeTokenSteps } = await import("../../token/token_probe.ts");
  const token = await readToken(file, context, options);
  const { env, signal } = context;
  const site = await rehearseOnPlatform(await context.platform(), token, signal);
  context.progress("Asking the grant service...");
  const probe = await probeTokenSteps(token, { env, now: Date.now }, signal);
  return { token: token.metadata.name, site, probe };
}

async function redeem(
  context: CommandContext,
  file: string,
  options: Options,
): Promise<Redeemed | Rehearsal> {
  if (options.dryRun) return await rehearse(context, file, options);
  const { findRedeemed, redeemOnPlatform } = await import("../../token/redeem_on_platform.ts");
  const token = await readToken(file, context, options);
  const platform = await context.platform();
  if (options.reload) need(platform, "liveLinks", "reloading a router");
  const linkCost = options.linkCost ?? options.cost;
  const redeemed = await redeemOnPlatform(platform, token, {
    deadline: context.deadline,
    env: context.env,
    ...(linkCost === undefined ? {} : { linkCost }),
  }, context.progress).catch(async (error) => {
    if (options.wait === "ready" && isAppError(error, "already-redeemed")) {
      const before = await findRedeemed(platform, token, context.signal);
      if (before !== undefined) return before;
    }
    // the same command goes on with the same redemption; what came by a pipe is gone
    const isPassing = isTimeout(error) || isAppError(error, "token-not-stored");
    if (isPassing && file !== "-") error.resume = resumeWords(file, linkCost, options.wait);
    throw error;
  });
  const links = redeemed.links.map((link) => `"${link}"`).join(", ");
  context.done(
    `Token "${redeemed.token}" is redeemed, and link ${links} made.`,
    `link status ${redeemed.links.length === 1 ? redeemed.links[0] : ""}`.trimEnd(),
  );
  const live = await putToUse(platform, redeemed, options, context);
  const isUsed = live !== undefined && Object.values(live).some(({ done }) => done);
  const active = options.wait === "ready"
    ? await awaitLinks(platform, redeemed, context)
    : await areReady(platform, redeemed, isUsed, context);
  if (!active) await explainInactive(platform, redeemed, isUsed, context);
  return { ...redeemed, file, active, ...(live === undefined ? {} : { live }) };
}

/** Gives the links to the router that runs; with --reload they all are there in the end. */
async function putToUse(
  platform: PlatformWithAbilities,
  { links }: RedeemedToken,
  { reload = false }: Options,
  context: CommandContext,
): Promise<Record<string, LiveChange> | undefined> {
  const found: Record<string, LiveChange> = {};
  for (const [index, link] of links.entries()) {
    const isLast = index === links.length - 1;
    const live = await changeLive(
      platform.liveLinks,
      (router) => router.apply(link, context.signal),
      { meaning: "ends the link", reload: reload && isLast },
      context,
    );
    if (live === undefined) return undefined;
    found[link] = live;
  }
  return found;
}

function resumeWords(file: string, linkCost: number | undefined, wait: Options["wait"]): string {
  const words = [`token redeem ${quote(file)}`];
  if (linkCost !== undefined) words.push(`--link-cost ${linkCost}`);
  if (wait !== "redeemed") words.push(`--wait ${wait}`);
  return words.join(" ");
}

/** Whether the links are connected; those that a router was given just now are, or will be soon. */
async function areReady(
  platform: PlatformWithAbilities,
  { links }: RedeemedToken,
  isUsed: boolean,
  context: CommandContext,
): Promise<boolean> {
  const limit = isUsed ? AbortSignal.timeout(soonMs) : new AbortController().signal;
  try {
    return await followLinks(
      platform,
      async (states) => {
        for await (const found of states) {
          const ours = found.filter((link) => links.includes(link.metadata.name));
          if (ours.every(isReady)) return true;
          if (!isUsed) return false;
        }
        return false;
      },
      "wait",
      AbortSignal.any([context.signal, limit]),
    );
  } catch (error) {
    context.signal.throwIfAborted();
    if (limit.aborted) return false;
    throw error;
  }
}

async function awaitLinks(
  platform: PlatformWithAbilities,
  { links, token }: RedeemedToken,
  context: CommandContext,
): Promise<true> {
  context.progress("Waiting for status...");
  return await followLinks(
    platform,
    (states) =>
      waitFor(states, {
        what: `link "${token}" to be active`,
        resume: `link status ${token}`,
        done(found) {
          const ours = found.filter((link) => links.includes(link.metadata.name));
          return ours.length === links.length && ours.every(isReady) ? true as const : undefined;
        },
        describe: (found) => {
          const link = found.find((link) => links.includes(link.metadata.name) && !isReady(link));
          return link === undefined ? "it is gone" : describeState(link);
        },
      }, context.deadline),
    "wait",
    context.signal,
  );
}

/**
 * A link becomes active when a router takes it up; on local platforms that is the user's to start.
 */
async function explainInactive(
  platform: PlatformWithAbilities,
  { links }: RedeemedToken,
  isUsed: boolean,
  context: CommandContext,
) {
  const [site] = await platform.list("Site", context.signal);
  if (site === undefined || platform.routerProbe === undefined) return;
  const { running, start, reload } = await platform.routerProbe.router(context.signal);
  if (isUsed) {
    const found = await platform.list("Link", context.signal);
    const link = found.find((each) => links.includes(each.metadata.name) && !isReady(each));
    if (link !== undefined) context.note(`The link is not active yet: ${describeState(link)}`);
  } else if (reload !== undefined) {
    context.note(`The link becomes active when the router takes it up: ${reload}`);
  } else if (!running && start !== undefined) {
    context.note(
      `No router runs for this site yet; the link becomes active when one does: ${start}`,
    );
  }
}

function text(done: Redeemed | Rehearsal): string {
  if (isDry(done)) {
    const { token, site, probe } = done;
    const end = probe.failure === undefined ? "can be redeemed" : "can't be redeemed";
    return `${describeProbe(probe)}Token "${token}" ${end} for site "${site}". Nothing was spent.`;
  }
  const { links, file, active } = done;
  const lines = links.map((link) => `Link "${link}" is ${active ? "active" : "configured"}.`);
  if (file !== "-") lines.push(`You can now safely delete ${file}.`);
  return lines.join("\n");
}
