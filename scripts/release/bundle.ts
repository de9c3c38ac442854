import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { completionScript } from "../../src/cli/completion.ts";
import { root } from "../build.ts";
import type { PackedFile } from "./archives.ts";
import { writeManPages } from "./man_pages.ts";

/** What goes with the executable wherever it is put. */
export interface Bundle {
  license: Uint8Array;
  /** Pages of section 1, by file name. */
  manual: Record<string, Uint8Array>;
  completions: { bash: Uint8Array; zsh: Uint8Array; fish: Uint8Array; powershell: Uint8Array };
}

/** Makes what goes with the executable; `committed` is its date, in seconds since 1970. */
export function makeBundle(committed: number): Bundle {
  const script = (shell: Parameters<typeof completionScript>[0]) =>
    Buffer.from(completionScript(shell, "hawser"));
  return {
    license: fs.readFileSync(path.join(root, "LICENSE")),
    manual: Object.fromEntries(
      writeManPages(committed).map(({ file, text }) => [file, Buffer.from(`${text}\n`)]),
    ),
    completions: {
      bash: script("bash"),
      zsh: script("zsh"),
      fish: script("fish"),
      powershell: script("powershell"),
    },
  };
}

/** The files of an archive of the executable, below `folder`. */
export function archiveFiles(
  folder: string,
  executable: Pick<PackedFile, "path" | "bytes">,
  { license, manual, completions }: Bundle,
): PackedFile[] {
  const plain = {
    "LICENSE": license,
    "completions/hawser.bash": completions.bash,
    "completions/_hawser": completions.zsh,
    "completions/hawser.fish": completions.fish,
    "completions/hawser.ps1": completions.powershell,
    ...Object.fromEntries(
      Object.entries(manual).map(([file, bytes]) => [`man/man1/${file}`, bytes]),
    ),
  };
  return [
    { path: `${folder}/${executable.path}`, mode: 0o755, bytes: executable.bytes },
    ...Object.entries(plain).map(([path, bytes]) => ({
      path: `${folder}/${path}`,
      mode: 0o644,
      bytes,
    })),
  ];
}
