import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** The forms in which jf prints. */
export type JfFormat = "json" | "table";

/** --format of a command with output of its own, in any case. */
export function formatOption() {
  return new Option("--format <format>", "print as jf does: json or table")
    .choices(["json", "table"]).argParser(jfFormat);
}

function jfFormat(text: string): JfFormat {
  const format = text.toLowerCase();
  if (format === "json" || format === "table") return format;
  throw new InvalidArgumentError("json or table");
}
