import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { checkLabel } from "../../resources/names.ts";
import type { GeneratedLink } from "../../token/generate_link.ts";
import { costOption } from "./options.ts";

/** `link generate [name]`: prints credentials and a link for another site, and stores nothing. */
export function linkGenerate(run: Runner) {
  return leaf("generate", "Generate a Link resource for use in a remote site")
    .argument("[name]", "the name of the resource to be generated; by default one is made up")
    .addOption(costOption())
    .addOption(timeoutOption("60s"))
    .action(run({ text, data: list, isManifest: true }, generate));
}

async function generate(
  context: CommandContext,
  name: string | undefined,
  { cost }: { cost?: number },
): Promise<GeneratedLink> {
  if (name !== undefined) checkLabel(name, "the link name"); // upstream takes no dots in it
  const { generateLink } = await import("../../token/generate_link.ts");
  const request = {
    ...(name === undefined ? {} : { name }),
    ...(cost === undefined ? {} : { cost }),
  };
  return await generateLink(
    await context.platform(),
    request,
    context.deadline,
    context.progress,
  );
}

/** One document, as kubectl takes it. */
function list({ secret, links }: GeneratedLink) {
  return { apiVersion: "v1", kind: "List", items: [secret, ...links] };
}

async function text({ secret, links }: GeneratedLink): Promise<string> {
  const { writeResources } = await import("../../resources/yaml.ts");
  return writeResources([secret, ...links], { separatorFirst: true });
}
