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
import { nameOfKind, qualifiedName } from "../../cli/resource_names.ts";
import { quote } from "../../cli/command_words.ts";
import type { Runner } from "../../cli/runner.ts";
import type { IssuedToken } from "../../token/issue.ts";
import { plural, sayDuration } from "../../wait/duration.ts";
import { appError } from "../../errors/app_error.ts";
import { revealOption } from "../../cli/reveal.ts";
import { type HandedSecret, type Sink, sinkOption } from "../../cli/sink.ts";
import { linkCostAliasOption, linkCostOption } from "./options.ts";

interface Options {
  expirationWindow: number;
  redemptionsAllowed: number;
  grant?: string;
  host?: string;
  linkCost?: number;
  cost?: number;
  force?: true;
  to?: Sink;
  reveal?: true;
  sealTo?: string[];
}

type Issued = IssuedToken & {
  file: string;
  isHanded?: true;
  /** The host that the token names. */
  host: string;
};

/** What a token is called where it is handed over by name. */
const secretNames = { output: "token", variable: "SKUPPER_TOKEN" };

/** `token issue <file>` (docs/spec/commands.md 2.1). */
export function tokenIssue(run: Runner) {
  return leaf("issue", "Issue a token file redeemable for a link to the current site", {
    formats: ["name"],
  })
    .argument(
      "[file]",
      "the name of the token file to create, or - for standard output; --to in its place",
      fileName,
    )
    .addOption(sinkOption())
    .addOption(revealOption())
    .addOption(
      new Option(
        "--seal-to <recipient>",
        "seal the token to a key of age (age1…) or SSH (ssh-ed25519 …), so that who sees it on its " +
          "way can't use it; may be given several times",
      ).argParser((text: string, before: string[] | undefined) => [...before ?? [], text]),
    )
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
        .argParser((text) =>
          nameOfKind("AccessGrant")(nonEmpty("the name of an access grant")(text))
        )
        .conflicts(["redemptionsAllowed", "expirationWindow"]),
    )
    .option("--host <host>", "the one of the site's hosts that the token is to name")
    .addOption(linkCostOption())
    .addOption(linkCostAliasOption())
    .option("--force", "replace a file that is not a token file")
    .action(
      run({ text, data: publicData, names }, issue),
    );
}

async function issue(
  context: CommandContext,
  argument: string | undefined,
  options: Options,
): Promise<Issued> {
  const { issueToken } = await import("../../token/issue.ts");
  const { checkTokenTarget, renderToken, writeTokenFile } = await import(
    "../../token/token_file.ts"
  );
  const force = options.force === true;
  const { to } = options;
  const file = target(context, argument, to);
  if (file === "-" && !options.reveal && options.sealTo === undefined) {
    context.refuseInSight("The token");
  }
  const sink = to === undefined ? undefined : await context.openSink(to, secretNames);
  const seal = await sealer(options.sealTo);
  if (file !== "" && file !== "-") await checkTokenTarget(file, { force });
  const platform = await context.platform();
  const linkCost = options.linkCost ?? options.cost;
  const issued = await issueToken(
    platform,
    {
      redemptionsAllowed: options.redemptionsAllowed,
      expirationWindowMs: options.expirationWindow,
      ...(options.grant === undefined ? {} : { grant: options.grant }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(linkCost === undefined ? {} : { linkCost }),
      env: context.env,
      resume: `token issue ${quote(file)}`,
      deliver: async (token) => {
        if (options.grant === undefined) {
          context.recordUndo(`grant revoke ${quote(token.metadata.name)}`, platform);
        }
        const content = await seal?.(renderToken(token)) ?? renderToken(token);
        const secret = secretOf(token, content, seal !== undefined);
        if (file === "") return await sink?.put(secret);
        await sink?.mask(secret);
        if (file === "-") await context.deliver(seal ? content : token, content);
        else await writeTokenFile(file, content, { force });
      },
    },
    context.deadline,
    context.progress,
  );
  if (file === "-") context.progress(`Access grant "${issued.grant}" is ready.`);
  const { hostOf, whyUnredeemable } = await import("../../token/token_host.ts");
  const why = await whyUnredeemable(issued.token, context.signal);
  const other = context.say.command("site update --link-host <host>");
  context.note(
    why === undefined
      ? `It names the host ${hostOf(issued.token)}, which the other site must reach.`
      : `${why} Another one is chosen with --host, or made known with: ${other}`,
  );
  if (issued.token.spec?.ca === "") {
    context.note(
      "It pins no authority: the other site's system must trust the service's certificate, " +
        "and Skupper's own programs do not redeem it.",
    );
  }
  return {
    ...issued,
    host: hostOf(issued.token),
    ...(file === "" && sink !== undefined ? { file: sink.place, isHanded: true } : { file }),
  };
}

/**
 * The file to write, or `-`, or `""` where it is none. Throws `usage` where the argument and --to
 * are named, or neither.
 */
function target(
  { say }: CommandContext,
  argument: string | undefined,
  to: Sink | undefined,
): string {
  const help = `${say.program} token issue --help`;
  if (to === undefined) {
    if (argument !== undefined) return argument;
    throw appError("usage", { message: 'Missing required argument "file"', help });
  }
  if (argument !== undefined) {
    throw appError("usage", { message: "A file and --to are named", help });
  }
  if (to.kind === "file") return to.file;
  return to.kind === "stdout" ? "-" : "";
}

/** What seals to the recipients; undefined where there are none. Throws `invalid-value`. */
async function sealer(recipients: string[] | undefined) {
  if (recipients === undefined) return undefined;
  const { prepareSeal } = await import("../../token/seal.ts");
  return await prepareSeal(recipients);
}

/** In JSON, which is YAML too, a token is one line; a sealed one is text of several. */
function secretOf(token: IssuedToken["token"], text: string, isSealed: boolean): HandedSecret {
  if (isSealed) return { value: text.trimEnd(), text };
  return { value: JSON.stringify(token), text, inside: [token.spec?.code ?? ""].filter(Boolean) };
}

/** The result without the token: its code belongs into the file alone, or stdout has it already. */
function publicData({ token: _token, isHanded: _isHanded, ...facts }: Issued) {
  return facts.file === "-" ? undefined : facts;
}

function names({ file, grant }: Issued): string[] {
  return file === "-" ? [] : [qualifiedName("AccessGrant", grant)];
}

function text(issued: Issued, context: CommandContext): string {
  if (issued.file === "-") return "";
  const { program } = context.say;
  if (issued.isHanded) {
    return `Access grant "${issued.grant}" is ready.\nThe token is in ${issued.file}.\n`;
  }
  return `Access grant "${issued.grant}" is ready.
Token file ${issued.file} created.

Transfer this file to a remote site. At the remote site,
create a link to this site using the '${program} token
redeem' command:

    $ ${program} token redeem <file>

The token expires after ${plural(issued.usesLeft, "use")} or after ${sayDuration(issued.windowMs)}.
`;
}
