import type { AppError } from "../errors/app_error.ts";
import type { PlatformName } from "../platform/name.ts";
import type { Say } from "../errors/entry.ts";
import type { OutputFormat } from "./options.ts";
import { escapeControls, holdsUnprintable } from "./printable.ts";
import type { World } from "./streams.ts";

/** The result as data; nothing at all gives an empty text. */
export async function renderData(
  data: unknown,
  format: Exclude<OutputFormat, "text">,
): Promise<string> {
  if (data === undefined) return "";
  if (format === "json") return JSON.stringify(data, null, 2);
  const { writeYaml } = await import("../resources/yaml.ts");
  const yaml = writeYaml(data);
  // JSON is YAML too, and quotes all text: only there does an escaped character mean the same
  return holdsUnprintable(yaml) ? JSON.stringify(data, null, 2) : yaml;
}

/**
 * An error for stderr: `error:`, `done:` and `hint:` lines, or one JSON object where -o is json or
 * yaml.
 */
export function renderError(
  error: AppError,
  format: OutputFormat,
  say: Say,
  verbose: boolean,
): string {
  const hint = error.hint(say);
  const resume = error.resume === undefined ? undefined : say.command(error.resume);
  if (format !== "text") {
    const { code, message, retryable } = error;
    return `${
      JSON.stringify({
        error: {
          code,
          message,
          ...(hint === undefined ? {} : { hint }),
          retryable,
          ...(error.done.length === 0 ? {} : { done: error.done }),
          ...(resume === undefined ? {} : { resume }),
          ...(verbose ? { causes: causesOf(error) } : {}),
        },
      })
    }\n`;
  }
  const lines = [`error: ${error.message}`];
  if (verbose) lines.push(...causesOf(error).map((cause) => `cause: ${cause}`));
  lines.push(...error.done.map((sentence) => `done: ${sentence}`));
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  if (resume !== undefined) lines.push(`hint: To go on from here: ${resume}`);
  return `${lines.map(escapeControls).join("\n")}\n`;
}

/** A defect of ours for stderr: its stack, as a report needs it. */
export async function writeDefect(world: World, error: unknown, format: OutputFormat) {
  const stack = error instanceof Error ? error.stack ?? String(error) : String(error);
  const message = "This is a defect of the program; please report it with the lines below.";
  await world.stderr.write(
    format === "text"
      ? `error: ${message}\n${stack}\n`
      : `${JSON.stringify({ error: { code: "defect", message, retryable: false, stack } })}\n`,
  );
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let cause: unknown = error.cause;
  while (cause !== undefined && causes.length < 10) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/**
 * Rows as columns padded to the widest cell, two spaces apart; the last column is not padded. Line
 * breaks and control characters in a cell are escaped.
 */
export function table(cells: string[][]): string {
  const rows = cells.map((row) => row.map(escapeControls));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => column === row.length - 1 ? cell : cell.padEnd(widths[column]!))
      .join("  ").trimEnd() + "\n"
  ).join("");
}

/** `Name:  value` lines with the values in one column. */
export function fields(pairs: [string, string][]): string {
  return table(pairs.map(([name, value]) => [`${name}:`, value]));
}

/** A row for each condition of a resource, for `fields`. */
export function conditionRows(
  conditions: { type: string; status: string; message: string }[] = [],
): [string, string][] {
  return conditions.map(({ type, status, message }) => [
    type,
    message === "" || message === "OK" ? status : `${status} (${message})`,
  ]);
}

/** The result, or each one of a list, with the platform it is of. */
export function withPlatform(data: unknown, platform: PlatformName): unknown {
  if (Array.isArray(data)) return data.map((one) => withPlatform(one, platform));
  if (typeof data !== "object" || data === null) return data;
  return { ...data, platform: "platform" in data ? data.platform : platform };
}
