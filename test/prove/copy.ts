import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What the product takes from its runtime, and what stands in for it. */
const replacedModules: Record<string, string> = {
  "node:fs": "fs.ts",
  "node:fs/promises": "fs_promises.ts",
  "node:crypto": "crypto.ts",
  "node:zlib": "zlib.ts",
};

/**
 * Modules of the product that a simulation puts others in the place of: what they do takes threads,
 * or a network.
 */
const replacedFiles: Record<string, string> = {
  "src/pki/key_pair.ts": "pki/key_pair.ts",
  "src/pki/request.ts": "pki/request.ts",
  "src/pki/certificate.ts": "pki/certificate.ts",
  "src/pki/authority.ts": "pki/authority.ts",
  "src/pki/issuing_right.ts": "pki/issuing_right.ts",
  "src/token/exchange.ts": "exchange.ts",
  "src/runtime/lock.ts": "lock.ts",
  "src/controller/grant_listener.ts": "grant_listener.ts",
  "platforms/kubernetes/access/transport.ts": "transport.ts",
  "platforms/kubernetes/access/server_access.ts": "server_access.ts",
  "platforms/kubernetes/access/server_agent.ts": "server_access.ts",
};

/** A deliberate defect: a text of a file that is replaced by another. */
export interface Defect {
  file: string;
  from: string;
  to: string;
  /** What else it takes. */
  and?: Defect;
}

/**
 * Copies the product, the simulation beside it, to a folder of its own, where the product reads the
 * simulation's disk and makes its certificates; with `defects` in it. Returns the folder.
 */
export function copyProduct(defects: readonly Defect[] = []): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-prove-"));
  for (const part of ["src", "platforms", "test/prove", "deno.json"]) {
    fs.cpSync(path.join(root, part), path.join(folder, part), {
      recursive: true,
      filter: (file) => !file.endsWith("_test.ts"),
    });
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const simulation = path.join(folder, "test/prove/simulation");
  for (
    const file of [...filesIn(path.join(folder, "src")), ...filesIn(path.join(folder, "platforms"))]
  ) {
    const text = fs.readFileSync(file, "utf8");
    const replaced = text.replace(/from "(node:[a-z/]+)"/g, (found, module) => {
      const stand = replacedModules[module];
      return stand === undefined ? found : `from "${relative(file, path.join(simulation, stand))}"`;
    });
    if (replaced !== text) fs.writeFileSync(file, replaced);
  }
  for (const [name, stand] of Object.entries(replacedFiles)) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, `export * from "${relative(file, path.join(simulation, stand))}";\n`);
  }
  const parts = defects.flatMap((defect) => [defect, ...(defect.and ? [defect.and] : [])]);
  for (const { file, from, to } of parts) {
    const target = path.join(folder, file);
    const text = fs.readFileSync(target, "utf8");
    const parts = text.split(from);
    if (parts.length !== 2) {
      throw new Error(`${file} holds ${parts.length - 1} times what a defect replaces: ${from}`);
    }
    fs.writeFileSync(target, parts.join(to));
  }
  return folder;
}

function relative(from: string, to: string): string {
  const found = path.relative(path.dirname(from), to).replaceAll("\\", "/");
  return found.startsWith(".") ? found : `./${found}`;
}

function filesIn(folder: string): string[] {
  return fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file));
}
