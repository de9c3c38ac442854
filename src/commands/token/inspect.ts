import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { fileName, timeoutOption } from "../../cli/options.ts";
import { fields } from "../../cli/output.ts";
import { qualifiedName } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import type { TokenFacts } from "../../token/inspect.ts";
import { relativeTime } from "../../wait/duration.ts";
import type { TokenProbe } from "../../token/token_probe.ts";
import { describeProbe, probeData } from "./probe_text.ts";
import { identityOption, type IdentityOptions } from "./options.ts";
import { readToken } from "./read_token.ts";

/** `token inspect <file>`: what it says of itself; never its code. */
export function tokenInspect(run: Runner) {
  return leaf("inspect", "Show what a token file says, without its secret code", {
    formats: ["name"],
  })
    .argument("<file>", "the token file, or - for standard input", fileName)
    .addOption(identityOption())
    .option("--probe", "go the way of a redemption too, step by step; nothing is spent")
    .addOption(timeoutOption("60s"))
    .action(run({ text, data, names, failure: ({ probe }) => probe?.failure }, inspect));
}

interface Inspection {
  facts: TokenFacts;
  probe?: TokenProbe;
}

async function inspect(
  context: CommandContext,
  file: string,
  { probe, ...options }: IdentityOptions & { probe?: true },
): Promise<Inspection> {
  const { inspectToken } = await import("../../token/inspect.ts");
  const token = await readToken(file, context, options);
  const facts = inspectToken(token);
  if (!probe) return { facts };
  context.progress("Asking the grant service...");
  const { env, signal } = context;
  const { probeTokenSteps } = await import("../../token/token_probe.ts");
  return { facts, probe: await probeTokenSteps(token, { env, now: Date.now }, signal) };
}

function names({ facts }: Inspection): string[] {
  return [qualifiedName("AccessToken", facts.name)];
}

function data({ facts, probe }: Inspection) {
  return probe === undefined ? facts : { ...facts, probe: probeData(probe) };
}

function text({ facts, probe }: Inspection): string {
  return describeFacts(facts) + (probe === undefined ? "" : describeProbe(probe));
}

function describeFacts(facts: TokenFacts): string {
  const rows: [string, string | undefined][] = [
    ["Name", facts.name],
    ["Site", facts.site],
    ["Expires", describeExpiry(facts)],
    ["Redemptions allowed", facts.redemptionsAllowed?.toString()],
    ["Link cost", facts.linkCost?.toString()],
    ["Grant service", facts.url],
    ["Pins", facts.pins.join(", ") || "no authority: the redeemer's system says whom to trust"],
    ["CA fingerprint", facts.caFingerprint],
  ];
  return fields(rows.filter((row): row is [string, string] => row[1] !== undefined));
}

function describeExpiry({ expirationTime: time, expired }: TokenFacts): string | undefined {
  if (time === undefined) return undefined;
  const distance = relativeTime(time, Date.now());
  return `${time} (${expired ? `expired ${distance}` : distance})`;
}
