import { spawnSync } from "node:child_process";
import type { Figure } from "./figure.ts";
import { programWords } from "./load.ts";

/** What a client's certificate costs in the runtime that ships, by our code and by a library. */
export function measureCertificates(): Figure[] {
  const [program, file] = programWords("certificate_maker.ts");
  const { stdout, stderr } = spawnSync(program, [file], { encoding: "utf8" });
  if (stdout === "") throw new Error(`No certificate was made\n${stderr}`);
  const costs: Record<string, { ours: number; library: number }> = JSON.parse(stdout);
  return Object.entries(costs).map(([keyType, { ours, library }]) => ({
    name: `a client's certificate of an authority with ${keyType.toUpperCase()}`,
    value: `${ours.toFixed(2)} ms`,
    comparison: `@peculiar/x509 takes ${(library / ours).toFixed(1)} times as long`,
  }));
}
