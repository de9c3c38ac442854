import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { duration, fileName } from "../../cli/options.ts";
import { table } from "../../cli/output.ts";
import type { Runner } from "../../cli/runner.ts";
import { type AuditRecord, parseRecord } from "../../grant_service/audit_chain.ts";
import { openAudit } from "./read_audit.ts";

interface Options {
  grant?: string;
  since?: number;
}

/** `audit show`: what the grant service did, oldest first. */
export function auditShow(run: Runner) {
  return leaf("show", "Show who was given what, when, and from where")
    .argument("[file]", "a copy of it or a controller's log, or - for standard input", fileName)
    .option("--grant <name>", "show what was done with this access grant")
    .addOption(
      new Option("--since <duration>", "show the events of that time until now").argParser(
        duration,
      ),
    )
    .action(run({ text, isPlain: true }, show));
}

async function show(
  context: CommandContext,
  file: string | undefined,
  { grant, since }: Options,
): Promise<AuditRecord[]> {
  const { namespace } = context;
  const from = since === undefined ? undefined : new Date(Date.now() - since).toISOString();
  const records: AuditRecord[] = [];
  for await (const line of (await openAudit(context, file)).lines) {
    const record = parseRecord(line);
    if (
      record !== undefined &&
      (namespace === undefined || record.namespace === namespace) &&
      (grant === undefined || record.grant === grant) &&
      (from === undefined || record.time >= from)
    ) records.push(record);
  }
  return records;
}

function text(records: AuditRecord[]): string {
  if (records.length === 0) return "There is nothing on record.";
  return table([
    ["TIME", "EVENT", "NAMESPACE", "GRANT", "TOKEN", "SITE", "FROM", "REASON"],
    ...records.map((record) => [
      record.time,
      record.event,
      ...[record.namespace, record.grant, record.name, record.subject, record.address]
        .map((field) => field ?? "-"),
      record.reason ?? "",
    ]),
  ]);
}
