import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { AccessSurroundings } from "../../src/jfrog/access_server.ts";

/** Surroundings that remember what was told, with a home of their own. */
export interface TestSurroundings extends AccessSurroundings {
  readonly told: string[];
  remove(): void;
}

/** Makes some that trust `ca` by the home's folder of authorities. */
export function makeSurroundings(
  ca = "",
  env: Record<string, string | undefined> = {},
): TestSurroundings {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-jfrog-"));
  fs.mkdirSync(path.join(home, "security", "certs"), { recursive: true });
  if (ca !== "") fs.writeFileSync(path.join(home, "security", "certs", "ca.pem"), ca);
  const told: string[] = [];
  const tell = (kind: string) => (text: string) => void told.push(`${kind}: ${text}`);
  return {
    env,
    home,
    now: Date.now,
    program: "hawser",
    warn: tell("warning"),
    detail: tell("detail"),
    progress: tell("progress"),
    told,
    remove: () => fs.rmSync(home, { recursive: true }),
  };
}
