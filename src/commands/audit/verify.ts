import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { fileName } from "../../cli/options.ts";
import { fields } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import {
  type ChainHead,
  type ChainVerdict,
  hashOf,
  judgeChains,
  parseRecord,
} from "../../grant_service/audit_chain.ts";
import { openAudit } from "./read_audit.ts";

interface Options {
  expect?: ChainHead;
}

/** What is told of an audit that is whole. */
type Whole = Omit<ChainVerdict, "faults">;

/** `audit verify`: exit code 1 where a record was changed, taken out or added. */
export function auditVerify(run: Runner) {
  return leaf("verify", "Check that no record was changed, taken out or added")
    .argument("[file]", "a copy of it or a controller's log, or - for standard input", fileName)
    .addOption(
      new Option("--expect <record>", "a record noted before, as its number:hash").argParser(noted),
    )
    .action(run({ text, isPlain: true }, verify));
}

async function verify(
  context: CommandContext,
  file: string | undefined,
  { expect }: Options,
): Promise<Whole> {
  const { where, isPure, lines } = await openAudit(context, file);
  let found = expect === undefined ? undefined : "it is not there";
  async function* watched() {
    for await (const line of lines) {
      if (expect !== undefined && parseRecord(line)?.seq === expect.seq) {
        const hash = hashOf(line);
        if (found !== undefined) found = hash === expect.hash ? undefined : `it is ${hash}`;
      }
      yield line;
    }
  }
  const { faults, ...whole } = await judgeChains(watched(), isPure);
  const [first] = faults;
  if (first !== undefined) {
    throw appError("audit-broken", { where, ...first, more: faults.length - 1 });
  }
  if (expect !== undefined && found !== undefined) {
    throw appError("audit-differs", { where, expected: `${expect.seq}:${expect.hash}`, found });
  }
  return whole;
}

function noted(text: string): ChainHead {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined) {
    throw new InvalidArgumentError("a record's number and hash as `audit verify` prints its last");
  }
  return { seq: Number(seq), hash };
}

function text({ records, chains, first, head }: Whole): string {
  if (head === undefined) return "There is nothing on record.";
  return fields([
    ["Records", `${records}, unchanged${first === 1 ? "" : `, from number ${first} on`}`],
    ...(chains === 1 ? [] : [["Chains", String(chains)] as [string, string]]),
    ["Last", `${head.seq}:${head.hash}`],
  ]);
}
