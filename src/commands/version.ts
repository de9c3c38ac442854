import { leaf } from "../cli/leaf.ts";
import { table } from "../cli/output.ts";
import type { Runner } from "../cli/runner.ts";
import { version } from "../version.ts";

interface Versions {
  components: { cli: { version: string } };
}

/** `version`. */
export function versionCommand(run: Runner) {
  return leaf("version", "Display versions of the components", { retries: false }).action(
    run({ text }, versions),
  );
}

function versions(): Promise<Versions> {
  return Promise.resolve({ components: { cli: { version } } });
}

function text({ components }: Versions): string {
  return table([["COMPONENT", "VERSION"], ["cli", components.cli.version]]);
}
