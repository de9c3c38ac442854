import { mayHelpAgain } from "../../src/errors/app_error.ts";
import { catalog } from "../../src/errors/catalog.ts";
import type { Say } from "../../src/errors/entry.ts";
import { exitCodes, type ExitName } from "../../src/errors/exit_code.ts";
import { code, notice, table } from "./markdown.ts";

/** An entry of the catalog, whatever its data. */
interface AnyEntry {
  exit: ExitName;
  message(data: unknown): string;
  hint?(data: unknown, say: Say): string | undefined;
  retry?: boolean;
}

const say: Say = {
  program: "hawser",
  command: (words) => `hawser ${words}`,
  commandForAll: (words) => `hawser ${words}`,
};

/**
 * docs/reference/errors.md: every code of the catalog, as it is worded when all its data is there.
 */
export function describeErrors(): string {
  const entries = Object.entries(catalog as Record<string, AnyEntry>).sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  return [
    `${notice}
# Errors

With \`-o json\` or \`-o yaml\` an error is one object on stderr:

    {"error":{"code","message","hint","retryable","done","resume"}}

\`code\` is one of these and does not change; \`message\` and \`hint\` may be worded better at any time.
\`<name>\` stands for what the error is about. \`hint\`, the remedy, is there where one helps, and
\`resume\` where a command goes on from where this one stopped. \`done\` lists, in sentences, what was
done for good before the command ended. \`retryable\` says whether the same
command may succeed when it is run again and does no harm then; it is false for an error of the kinds
marked yes where what was asked for may have been done. It belongs to the error, not to its exit
code: of those with exit code 7, what exists already stays so, and what was changed meanwhile does not. Called as \`jf\`, every failure ends with 1
unless HAWSER_EXIT_CODES=1.

A defect of the program has the code \`defect\`, exit code ${exitCodes.defect.code}, and a stack.
`,
    ...entries.map(([name, entry]) => describe(name, entry)),
  ].join("\n");
}

function describe(name: string, entry: AnyEntry): string {
  const { code: exit } = exitCodes[entry.exit];
  const hint = entry.hint?.(placeholders, say);
  return `## ${name}

Exit code ${exit}, retryable: ${mayHelpAgain(entry) ? "yes" : "no"}.

    ${entry.message(placeholders)}
${hint === undefined ? "" : `    hint: ${hint}\n`}`;
}

/** Data of which every field is there, and says its name. */
const placeholders: unknown = new Proxy({}, {
  get(_, name) {
    const text = `<${String(name)}>`;
    // a list joins to its name
    return Object.assign(new String(text), { join: () => text });
  },
});

/** docs/reference/exit-codes.md: what each exit code means, and which errors end with it. */
export function describeExitCodes(): string {
  const entries = Object.entries(catalog as Record<string, AnyEntry>);
  const rows = Object.entries(exitCodes).map(([name, { code: exit, meaning, retry }]) => {
    const codes = entries.filter(([, entry]) => entry.exit === name).map(([code]) => code).sort();
    return [
      String(exit),
      meaning,
      retry === true ? "yes" : retry || "",
      codes.map(code).join(", "),
    ];
  });
  return `${notice}
# Exit codes

\`hawser help exit-codes\` prints this table. Called as \`jf\`, every failure ends with 1 unless
HAWSER_EXIT_CODES=1; what a signal ended is told from a failure even there.

${table(["code", "meaning", "run again?", "errors"], rows)}`;
}
