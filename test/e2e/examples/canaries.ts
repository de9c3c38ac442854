import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Sandbox } from "../stage/harness.ts";
import { watchProcesses } from "../stage/process_watch.ts";

/** What a job has left behind, and where a secret is meant to be. */
export interface JobTraces {
  secrets: string[];
  logs: string[];
  /** The job's folder, with its environment files and artifacts. */
  folder: string;
  /** Files of the folder, and what they may hold. */
  files: Record<string, string[]>;
  /** Variables of the job's processes, and what they may hold. */
  variables: Record<string, string[]>;
}

/** A search for the secrets of a job that begins now. */
export interface CanarySearch {
  /** Fails if a secret is anywhere but where it is meant to be. */
  end(traces: JobTraces): void;
}

/** Watches the processes of the sandbox's jobs, to search them and what they leave behind. */
export function searchFor(sandbox: Sandbox): CanarySearch {
  const stop = watchProcesses(sandbox.folder);
  return {
    end({ secrets, logs, folder, files, variables }) {
      const { commandLines, variables: seen } = stop();
      assert.ok([...commandLines].some((line) => / (config|c|access-token|atc)/.test(line)));
      const places = [
        ...logs.map((text) => ({ name: "a log", text, meant: [] as string[] })),
        ...[...commandLines].map((text) => ({ name: "a command line", text, meant: [] })),
        ...[...seen].map((text) => {
          const name = text.split("=")[0]!;
          return { name: `variable ${name}`, text, meant: variables[name] ?? [] };
        }),
        ...fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
          .map(({ name }) => ({
            name,
            text: fs.readFileSync(path.join(folder, name), "utf8"),
            meant: files[name] ?? [],
          })),
      ];
      for (const { name, text, meant } of places) {
        for (const secret of secrets.filter((secret) => !meant.includes(secret))) {
          const forms = [
            secret,
            Buffer.from(secret).toString("base64"),
            encodeURIComponent(secret),
          ];
          const found = forms.find((form) => text.includes(form));
          assert.ok(found === undefined, `${name} holds a secret:\n${text}`);
        }
      }
    },
  };
}
