import type { CommandContext } from "../../cli/context.ts";
import { appError } from "../../errors/app_error.ts";
import { linesOf, readLines } from "../../runtime/lines.ts";
import { explainSystemError } from "../../runtime/system_error.ts";

/** The most that is read of standard input, in bytes. */
const maxInputBytes = 256 * 1024 * 1024;

/** An audit that is read. */
export interface ReadAudit {
  /** What it is called in an error. */
  where: string;
  /** Nothing but records belongs into it. */
  isPure: boolean;
  lines: AsyncIterable<string> | Iterable<string>;
}

/**
 * The audit of this machine; or the one in a file, `-` for standard input, which may be a
 * controller's log. Throws `platform-unsupported`, and `not-readable` while it is read.
 */
export async function openAudit(
  context: CommandContext,
  file: string | undefined,
): Promise<ReadAudit> {
  if (file === undefined) {
    const platform = await context.platform();
    const reader = platform.auditReader;
    if (reader === undefined) {
      throw appError("platform-unsupported", {
        platform: platform.name,
        what: "reading the audit, which is in the controller's log,",
        instead: "Give the output of `kubectl logs` as a file, or - for standard input.",
      });
    }
    return { where: "this machine", isPure: true, lines: reader.lines() };
  }
  if (file === "-") {
    const bytes = await context.stdin(maxInputBytes);
    return { where: "standard input", isPure: false, lines: linesOf(bytes) };
  }
  return { where: file, isPure: false, lines: fileLines(file) };
}

async function* fileLines(file: string): AsyncGenerator<string> {
  try {
    yield* readLines(file);
  } catch (cause) {
    throw appError("not-readable", { path: file, why: explainSystemError(cause) }, { cause });
  }
}
