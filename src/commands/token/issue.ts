import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import {
  fileName,
  grantDuration,
  nonEmpty,
  shortTimeoutOption,
  wholeNumber,
} from "../../cli/options.ts";
import { quote, type Runner } from "../../cli/runner.ts";
import type { IssuedToken } from "../../token/issue.ts";
import { plural, sayDuration } from "../../wait/duration.ts";
import { linkCostAliasOption, linkCostOption } from "./options.ts";

interface Options {
  expirationWindow: number;
  redemptionsAllowed: number;
  grant?: string;
  linkCost?: number;
  cost?: number;
  force?: true;
}

type Issued = IssuedToken & { file: string };

/** `token issue <file>` (docs/spec/commands.md 2.1). */
export function tokenIssue(run: Runner) {
  return leaf("issue", "Issue a token file redeemable for a link to the current site")
    .argument("<file>", "the name of the token file to create, or - for standard output", fileName)
    .addOption(shortTimeoutOption("60s"))
    .addOption(
      new Option(
        "-e, --expiration-window <duration>",
        "the period of time in which an access token for this grant can be redeemed",
      ).default(900_000 as number, "15m").argParser(grantDuration),
    )
    .addOption(
      new Option(
        "-r, --redemptions-allowed <integer>",
        "the number of times an access token for this grant can be redeemed",
      ).default(1 as number).argParser(wholeNumber(1, 2 ** 31 - 1)),
    )
    .addOption(
      new Option("--grant <name>", "use the named access grant instead of creating a new one")
        .argParser(nonEmpty("the name of an access grant"))
        .conflicts(["redemptionsAllowed", "expirationWindow"]),
    )
    .addOption(linkCostOption())
    .addOption(linkCostAliasOption())
    .option("--force", "replace a file that is not a token file")
    .action(
      run({ text, data: publicData }, issue),
    );
}

async function issue(context: CommandContext, file: string, options: Options): Promise<Issued> {
  const { issueToken } = await import("../../token/issue.ts");
  const { checkTokenTarget, renderToken, writeTokenFile } = await import(
    "../../token/token_file.ts"
  );
  const force = options.force === true;
  if (file !== "-") await checkTokenTarget(file, { force });
  const platform = await context.platform();
  const linkCost = options.linkCost ?? options.cost;
  const issued = await issueToken(
    platform,
    {
      redemptionsAllowed: options.redemptionsAllowed,
      expirationWindowMs: options.expirationWindow,
      ...(options.grant === undefined ? {} : { grant: options.grant }),
      ...(linkCost === undefined ? {} : { linkCost }),
      env: context.env,
      resume: `token issue ${quote(file)}`,
      deliver: (token) =>
        file === "-"
          ? context.deliver(token, renderToken(token))
          : writeTokenFile(file, token, { force }),
    },
    context.deadline,
    context.progress,
  );
  if (file === "-") context.progress(`Access grant "${issued.grant}" is ready.`);
  return { ...issued, file };
}

/** The result without the token: its code belongs into the file alone, or stdout has it already. */
function publicData({ token: _token, ...facts }: Issued) {
  return facts.file === "-" ? undefined : facts;
}

function text(issued: Issued, context: CommandContext): string {
  if (issued.file === "-") return "";
  const { program } = context.say;
  return `Access grant "${issued.grant}" is ready.
Token file ${issued.file} created.

Transfer this file to a remote site. At the remote site,
create a link to this site using the '${program} token
redeem' command:

    $ ${program} token redeem <file>

The token expires after ${plural(issued.usesLeft, "use")} or after ${sayDuration(issued.windowMs)}.
`;
}
