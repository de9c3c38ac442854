import { Argument, Command } from "@commander-js/extra-typings";
import type { PlatformRegistry } from "../platform/abilities.ts";
import { abortable } from "../runtime/abortable.ts";
import { type CommandPath, findCommand } from "./command_path.ts";
import type { CommandSet } from "./command_set.ts";
import { topicNames } from "./help.ts";
import { openPlatform } from "./open_platform.ts";
import type { SharedOptions } from "./options.ts";
import type { World } from "./streams.ts";

const shells = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

/**
 * `completion <shell>` prints the script; the script asks the hidden `completion candidates`
 * what fits, so that it never falls behind the command tree.
 */
export function completionCommand(
  root: Command,
  write: (text: string) => void,
  surroundings: CompletionSurroundings,
): Command {
  const candidates = new Command("candidates")
    .argument("[words...]")
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words) => {
      const found = await candidatesWithValues(root, words, surroundings);
      write(found.map((word) => `${word}\n`).join(""));
    });
  const completion = new Command("completion")
    .summary("Print a completion script for bash, zsh, fish or powershell")
    .description(
      "Print a completion script.\n\n" +
        `  bash:        source <(${root.name()} completion bash)\n` +
        `  zsh:         source <(${root.name()} completion zsh)\n` +
        `  fish:        ${root.name()} completion fish | source\n` +
        `  powershell:  ${root.name()} completion powershell | Out-String | Invoke-Expression`,
    )
    .enablePositionalOptions()
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .action((shell) => write(completionScript(shell, root.name())));
  completion.addCommand(candidates as unknown as Command, { hidden: true });
  return completion as unknown as Command;
}

/** The script that gives the shell completion of the program. */
export function completionScript(shell: Shell, program: string): string {
  return scripts[shell](program);
}

/** Where values that are there are looked for. */
interface CompletionSurroundings {
  world: World;
  platforms: PlatformRegistry;
  values: CommandSet["values"];
}

/** How long who types waits for a cluster, and for a machine that is busy, in milliseconds. */
const answerWithinMs = 100;
const valuesWithinMs = 1000;

/** What may stand at the place of the last of `words`, names of what is there among them. */
async function candidatesWithValues(
  root: Command,
  words: string[],
  { world, platforms, values }: CompletionSurroundings,
): Promise<string[]> {
  const { place, typed, prefix } = placeOf(root, words);
  const fixed = possible(place, typed);
  const isArgument = place.awaiting === undefined && !typed.startsWith("-");
  const { awaiting, command, words: names, rest } = place;
  const isOpen = fixed.length === 0 &&
    (awaiting !== undefined || isArgument && command.registeredArguments.length > 0);
  const found = isOpen && values !== undefined
    ? await nearAtHand((signal, isFar) =>
      values(
        {
          command: names.join(" "),
          before: rest,
          ...(awaiting?.long ? { option: awaiting.long } : {}),
        },
        {
          platform: async () => {
            const opened = await openPlatform(world, platforms, optionsIn(words), silent);
            if (opened.name === "kubernetes") isFar();
            return opened;
          },
          namespaces: async () => await platforms.namespaces?.(world.env) ?? [],
          contexts: async () => {
            const { kubeconfig } = optionsIn(words);
            return await platforms.contexts?.({ kubeconfig, env: world.env }) ?? [];
          },
          env: world.env,
          signal,
        },
      )
    )
    : [];
  return [...new Set([...fixed, ...found])].filter((word) => word.startsWith(typed)).sort()
    .map((word) => prefix + word);
}

/** What is found in time, which is less for what `isFar`; nothing where that fails. */
async function nearAtHand(
  look: (signal: AbortSignal, isFar: () => void) => Promise<string[]>,
): Promise<string[]> {
  const limit = new AbortController();
  const end = () => limit.abort();
  const timers = [setTimeout(end, valuesWithinMs)];
  try {
    const isFar = () => timers.push(setTimeout(end, answerWithinMs));
    return await abortable(look(limit.signal, isFar), limit.signal);
  } catch {
    return [];
  } finally {
    timers.forEach(clearTimeout);
  }
}

const silent = { warn: () => {}, tellInferred: () => {} };

/** The shared options among words that are being typed. */
function optionsIn(words: string[]): SharedOptions {
  const valueOf = (short: string, long: string) => {
    const at = words.findLastIndex((word) => word === short || word === long);
    const joined = words.find((word) => word.startsWith(`${long}=`))?.slice(long.length + 1);
    return at === -1 ? joined : words[at + 1] === "=" ? words[at + 2] : words[at + 1];
  };
  const given = {
    namespace: valueOf("-n", "--namespace"),
    platform: valueOf("-p", "--platform"),
    context: valueOf("-c", "--context"),
    kubeconfig: valueOf("", "--kubeconfig"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value)) as SharedOptions;
}

/**
 * Where the last word stands, and what of it is typed. `--option=value` is one word, or in bash
 * three; `prefix` is what stands before the value in the same word.
 */
function placeOf(root: Command, words: string[]) {
  const isSplit = words.at(-1) === "=" || words.at(-2) === "=";
  const whole = words.filter((word) => word !== "=");
  if (words.at(-1) === "=") whole.push("");
  const last = whole.at(-1) ?? "";
  const [, option, value] = isSplit ? [] : /^(--[\w-]+)=(.*)$/.exec(last) ?? [];
  const before = option === undefined ? whole.slice(0, -1) : [...whole.slice(0, -1), option];
  return {
    place: findCommand(root, before),
    typed: value ?? last,
    prefix: option === undefined ? "" : `${option}=`,
  };
}

function possible({ command, awaiting }: CommandPath, typed: string): string[] {
  if (awaiting !== undefined) return awaiting.argChoices ?? [];
  if (typed.startsWith("-")) {
    const options = command.options.filter((option) => option.long && !option.hidden);
    return [...options.map((option) => option.long!), "--help"];
  }
  const help = command.name() === "help" && command.parent !== null;
  const parent = help ? command.parent! : command;
  const children = parent.createHelp().visibleCommands(parent as Command).map((child) =>
    child.name()
  );
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  return [...children, ...choices, ...(help ? topicNames : [])];
}

const scripts: Record<Shell, (program: string) => string> = {
  bash: (program) =>
    `_${program}_complete() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" completion candidates -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _${program}_complete ${program}
`,
  zsh: (program) =>
    `#compdef ${program}
_${program}() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" completion candidates -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then compadd -a candidates; else _files; fi
}
if [[ "\${funcstack[1]}" == "_${program}" ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`,
  fish: (program) =>
    `function __${program}_candidates
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] completion candidates -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c ${program} -f -a '(__${program}_candidates)'
`,
  powershell: (program) =>
    `Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($word -eq '') { $words += '' }
  & ${program} completion candidates -- @words 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_)
  }
}
`,
};
