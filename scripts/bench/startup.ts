import { type Figure, goal } from "./figure.ts";
import { measureCommands } from "./processes.ts";

const rounds = 60;

/** How long the program takes to say something simple, beside an executable that does nothing. */
export function measureStartup(hawser: string, nothing: string): Figure[] {
  const commands = {
    "an executable that does nothing": [nothing],
    "hawser version": [hawser, "version"],
    "hawser token issue --help": [hawser, "token", "issue", "--help"],
  };
  const [base, ...others] = measureCommands(commands, rounds);
  return [
    { name: base!.name, value: `${base!.ms.toFixed(1)} ms` },
    ...others.map(({ name, ms }) => ({
      name,
      value: `${ms.toFixed(1)} ms`,
      comparison: `${(ms - base!.ms).toFixed(1)} ms more`,
      goal: goal(ms - base!.ms, "at most", 8, " ms more"),
    })),
  ];
}
