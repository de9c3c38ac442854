import type { CommandContext } from "../../cli/context.ts";
import { leafWithoutPlatform } from "../../cli/leaf.ts";
import { fileName } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { writeWhole } from "../../runtime/files.ts";

interface NewKey {
  file: string;
  recipient: string;
}

/** `key new <file>`: an identity of age, which opens what is sealed to its recipient. */
export function keyNew(run: Runner) {
  return leafWithoutPlatform("new", "Make a key for tokens that are sealed on their way", {
    retries: false,
  })
    .argument("<file>", "the identity file to create: its owner alone can read it", fileName)
    .action(run({ text: ({ recipient }) => recipient }, makeKey));
}

async function makeKey(_context: CommandContext, file: string): Promise<NewKey> {
  const { newSealingKey } = await import("../../token/seal.ts");
  const { identity, recipient } = await newSealingKey();
  const content = `# public key: ${recipient}\n${identity}\n`;
  await writeWhole(file, content, { mode: 0o600, replace: "never" });
  return { file, recipient };
}
