import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { fileName, timeoutOption } from "../../cli/options.ts";
import { quote, type Runner } from "../../cli/runner.ts";
import { isAppError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import { describeState, isReady } from "../../resources/resource.ts";
import type { RedeemedToken } from "../../token/redeem.ts";
import { isTimeout } from "../../wait/deadline.ts";
import { waitFor } from "../../wait/wait_for.ts";
import { linkCostAliasOption, linkCostOption } from "./options.ts";
import { readToken } from "./read_token.ts";

const waitChoices = ["redeemed", "ready"] as const;

interface Options {
  linkCost?: number;
  cost?: number;
  wait: (typeof waitChoices)[number];
}

interface Redeemed extends RedeemedToken {
  file: string;
  /** True where a router reports the link as connected. */
  active: boolean;
}

/**
 * `token redeem <file>` (docs/spec/commands.md 2.2). With `--wait ready` it goes on waiting for the
 * links of a token that was redeemed here before.
 */
export function tokenRedeem(run: Runner) {
  return leaf("redeem", "Redeem a token file in order to create a link to a remote site")
    .argument("<file>", "the name of the token file to use, or - for standard input", fileName)
    .addOption(timeoutOption("60s"))
    .addOption(linkCostOption())
    .addOption(linkCostAliasOption())
    .addOption(
      new Option("--wait <status>", "wait until the token is redeemed, or until the link is ready")
        .choices(waitChoices).default("redeemed" as const),
    )
    .action(run({ text }, redeem));
}

async function redeem(context: CommandContext, file: string, options: Options): Promise<Redeemed> {
  const { findRedeemed, redeemOnPlatform } = await import("../../token/redeem_on_platform.ts");
  const token = await readToken(file, context);
  const platform = await context.platform();
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
  const active = options.wait === "ready"
    ? await awaitLinks(platform, redeemed, context)
    : await areReady(platform, redeemed, context);
  if (!active && !context.signal.aborted) await explainInactive(platform, context);
  return { ...redeemed, file, active };
}

function resumeWords(file: string, linkCost: number | undefined, wait: Options["wait"]): string {
  const words = [`token redeem ${quote(file)}`];
  if (linkCost !== undefined) words.push(`--link-cost ${linkCost}`);
  if (wait !== "redeemed") words.push(`--wait ${wait}`);
  return words.join(" ");
}

/** A look beside the result: where its time is over, nobody has reported. */
async function areReady(
  platform: PlatformWithAbilities,
  { links }: RedeemedToken,
  context: CommandContext,
): Promise<boolean> {
  try {
    const found = await platform.list("Link", context.signal);
    return found.filter((link) => links.includes(link.metadata.name)).every(isReady);
  } catch (error) {
    if (isTimeout(error)) return false;
    throw error;
  }
}

function awaitLinks(
  platform: PlatformWithAbilities,
  { links, token }: RedeemedToken,
  context: CommandContext,
): Promise<true> {
  context.progress("Waiting for status...");
  return waitFor(platform.watch("Link", context.signal), {
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
  }, context.deadline);
}

/**
 * A link becomes active when a router takes it up; on local platforms that is the user's to start.
 */
async function explainInactive(platform: PlatformWithAbilities, context: CommandContext) {
  const [site] = await platform.list("Site", context.signal);
  if (site === undefined || platform.routerProbe === undefined) return;
  const { running, start, reload } = await platform.routerProbe.router(site, context.signal);
  if (reload !== undefined) {
    context.note(`The link becomes active when the router takes it up: ${reload}`);
  } else if (!running && start !== undefined) {
    context.note(
      `No router runs for this site yet; the link becomes active when one does: ${start}`,
    );
  }
}

function text({ links, file, active }: Redeemed): string {
  const lines = links.map((link) => `Link "${link}" is ${active ? "active" : "configured"}.`);
  if (file !== "-") lines.push(`You can now safely delete ${file}.`);
  return lines.join("\n");
}
