import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { refusedOption, switchOption, timeoutOption } from "../../cli/options.ts";
import type { Runner } from "../../cli/runner.ts";
import { appError } from "../../errors/app_error.ts";
import { checkLabel } from "../../resources/names.ts";
import type { GeneratedLink } from "../../token/generate_link.ts";
import { costOption } from "./options.ts";

interface Options {
  cost?: number;
  tlsCredentials?: string;
  generateCredential?: boolean;
}

/** What is printed: the Secret only where it is wanted. */
type Printed = Pick<GeneratedLink, "links"> & { secret: GeneratedLink["secret"] | undefined };

/** `link generate [name]`: prints credentials and a link for another site, and stores nothing. */
export function linkGenerate(run: Runner) {
  return leaf("generate", "Generate a Link resource for use in a remote site", {
    formats: ["name"],
  })
    .argument("[name]", "the name of the resource to be generated; by default one is made up")
    .addOption(costOption())
    .option("--tls-credentials <name>", "the name of the Secret that the link uses")
    .addOption(
      switchOption("generate-credential", "print the Secret too; false prints the links alone"),
    )
    .addOption(
      refusedOption(
        "--name <name>",
        "the link has the endpoints of all RouterAccesses that take links",
        "Name the link itself by an argument: link generate <name>",
      ),
    )
    .addOption(
      refusedOption(
        "--host <host>",
        "the link has the addresses that the site is known by",
        "Choose those with: site update --link-host <host>",
      ),
    )
    .addOption(timeoutOption("60s"))
    .action(run({ text, data: list, isManifest: true }, generate));
}

async function generate(
  context: CommandContext,
  name: string | undefined,
  { cost, tlsCredentials, generateCredential = true }: Options,
): Promise<Printed> {
  if (!generateCredential && tlsCredentials === undefined) {
    throw appError("usage", {
      message: "Without a Secret the links need the name of one that is there",
      help: "Add --tls-credentials.",
    });
  }
  if (name !== undefined) checkLabel(name, "the link name"); // upstream takes no dots in it
  const { generateLink } = await import("../../token/generate_link.ts");
  const request = {
    ...(name === undefined ? {} : { name }),
    ...(cost === undefined ? {} : { cost }),
  };
  const { secret, links } = await generateLink(
    await context.platform(),
    request,
    context.deadline,
    context.progress,
  );
  if (tlsCredentials !== undefined) {
    secret.metadata.name = tlsCredentials;
    for (const { spec } of links) spec!.tlsCredentials = tlsCredentials;
  }
  return { secret: generateCredential ? secret : undefined, links };
}

/** One document, as kubectl takes it. */
function list(printed: Printed) {
  return { apiVersion: "v1", kind: "List", items: resources(printed) };
}

function resources({ secret, links }: Printed): object[] {
  return secret === undefined ? links : [secret, ...links];
}

async function text(printed: Printed): Promise<string> {
  const { writeResources } = await import("../../resources/yaml.ts");
  return writeResources(resources(printed), { separatorFirst: true });
}
