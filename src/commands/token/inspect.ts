import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { fileName } from "../../cli/options.ts";
import { fields } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import type { TokenFacts } from "../../token/inspect.ts";
import { relativeTime } from "../../wait/duration.ts";
import { readToken } from "./read_token.ts";

/** `token inspect <file>`: what it says of itself; never its code. */
export function tokenInspect(run: Runner) {
  return leaf("inspect", "Show what a token file says, without its secret code")
    .argument("<file>", "the token file, or - for standard input", fileName)
    .action(run({ text }, inspect));
}

async function inspect(context: CommandContext, file: string): Promise<TokenFacts> {
  const { inspectToken } = await import("../../token/inspect.ts");
  return inspectToken(await readToken(file, context));
}

function text(facts: TokenFacts): string {
  const rows: [string, string | undefined][] = [
    ["Name", facts.name],
    ["Site", facts.site],
    ["Expires", describeExpiry(facts)],
    ["Redemptions allowed", facts.redemptionsAllowed?.toString()],
    ["Link cost", facts.linkCost?.toString()],
    ["Grant service", facts.url],
    ["CA fingerprint", facts.caFingerprint],
  ];
  return fields(rows.filter((row): row is [string, string] => row[1] !== undefined));
}

function describeExpiry({ expirationTime: time, expired }: TokenFacts): string | undefined {
  if (time === undefined) return undefined;
  const distance = relativeTime(time, Date.now());
  return `${time} (${expired ? `expired ${distance}` : distance})`;
}
