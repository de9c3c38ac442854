import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { root } from "../build.ts";
import { describeCommands } from "./commands.ts";
import { describeErrors, describeExitCodes } from "./errors.ts";
import { describeOutputs, writeOutputSchema } from "./outputs.ts";

/** The pages of docs/reference, and what each is to hold. */
export const pages: Record<string, () => string> = {
  "commands.md": describeCommands,
  "errors.md": describeErrors,
  "exit-codes.md": describeExitCodes,
  "outputs.md": describeOutputs,
  "outputs.schema.json": writeOutputSchema,
};

/** The file of a page. */
export function pageFile(page: string): string {
  return path.join(root, "docs/reference", page);
}

/** The pages that don't hold what they are to hold. */
export function stalePages(): string[] {
  return Object.entries(pages)
    .filter(([page, describe]) => {
      const file = pageFile(page);
      return !fs.existsSync(file) || fs.readFileSync(file, "utf8") !== describe();
    })
    .map(([page]) => page);
}

if (import.meta.main) {
  const stale = stalePages();
  const isCheck = process.argv.includes("--check");
  for (const page of stale) {
    console.log(`docs/reference/${page} ${isCheck ? "is not up to date" : "is written"}`);
    if (!isCheck) fs.writeFileSync(pageFile(page), pages[page]!());
  }
  if (isCheck && stale.length > 0) process.exitCode = 1;
}
