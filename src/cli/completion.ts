import { Argument, Command, type Option } from "@commander-js/extra-typings";
import { findCommand } from "./command_path.ts";

const shells = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

/**
 * `completion <shell>` prints the script; the script asks the hidden `completion candidates`
 * what fits, so that it never falls behind the command tree.
 */
export function completionCommand(root: Command, write: (text: string) => void): Command {
  const candidates = new Command("candidates")
    .argument("[words...]")
    .allowUnknownOption()
    .passThroughOptions()
    .action((words) => write(candidatesFor(root, words).map((word) => `${word}\n`).join("")));
  const completion = new Command("completion")
    .summary("print a completion script for bash, zsh, fish or powershell")
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

/** What may stand at the place of the last of `words` (which may be empty). */
export function candidatesFor(root: Command, words: string[]): string[] {
  const typed = words.at(-1) ?? "";
  const { command, awaiting } = findCommand(root, words.slice(0, -1));
  return possible(command, awaiting, typed).filter((word) => word.startsWith(typed)).sort();
}

function possible(command: Command, awaiting: Option | undefined, typed: string): string[] {
  if (awaiting !== undefined) return awaiting.argChoices ?? [];
  if (typed.startsWith("-")) {
    const options = command.options.filter((option) => option.long && !option.hidden);
    return [...options.map((option) => option.long!), "--help"];
  }
  const children = command.createHelp().visibleCommands(command).map((child) => child.name());
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  return [...children, ...choices];
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
compdef _${program} ${program}
`,
  fish: (program) =>
    `function __${program}_candidates
  set -l words (commandline -opc) (commandline -ct)
  $words[1] completion candidates -- $words[2..-1] 2>/dev/null
end
complete -c ${program} -a '(__${program}_candidates)'
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
