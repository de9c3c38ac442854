import { table } from "../../cli/output.ts";
import type { TokenProbe } from "../../token/token_probe.ts";

/** The steps of a probe, a line each. */
export function describeProbe({ steps }: TokenProbe): string {
  return table(steps.map(({ step, ok, detail }) => [ok ? "ok" : "FAILED", step, detail]));
}

/** What -o json prints of a probe. */
export function probeData({ steps, usesLeft }: TokenProbe) {
  return { steps, ...(usesLeft === undefined ? {} : { usesLeft }) };
}
