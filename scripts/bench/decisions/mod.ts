import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { compile, root } from "../../build.ts";
import type { Figure } from "../figure.ts";
import { measureCommands } from "../processes.ts";

const rounds = 20;

/** What `starts/` imports, one executable each. */
const libraries = ["commander", "js_yaml", "x509", "kubernetes_client"];

/**
 * The figures that docs/decisions rests on: what making a certificate, a key and a lock costs, and
 * what libraries add to an executable that does nothing.
 */
export function measureDecisions(hawser: string, nothing: string): Figure[] {
  const folder = path.dirname(nothing);
  const measured = <T>(name: string): T => {
    const program = path.join(folder, name);
    compile(`scripts/bench/decisions/${name}.ts`, program);
    return JSON.parse(execFileSync(program, { encoding: "utf8" }));
  };
  return [
    ...signatures(measured("signatures")),
    ...Object.entries(measured<Record<string, string>>("ends")).map(([how, heard]) => ({
      name: `a client ${how}: node:tls tells`,
      value: heard,
    })),
    { name: "a lock, taken and given up", value: inMicroseconds(measured("lock")) },
    ...starts(hawser, nothing),
  ];
}

function signatures(us: Record<string, number>): Figure[] {
  const beside = (what: string) => ({
    name: `${what}: @peculiar/x509`,
    value: inMicroseconds(us[`${what} library`]!),
    comparison: `${(us[`${what} library`]! / us[`${what} ours`]!).toFixed(1)} times ours`,
  });
  const ours = (what: string) => ({
    name: `${what}: src/pki`,
    value: inMicroseconds(us[`${what} ours`]!),
  });
  return [
    ...["ec", "rsa", "request"].flatMap((what) => [ours(what), beside(what)]),
    { name: "an EC P-256 key pair", value: inMicroseconds(us["EC key"]!) },
    {
      name: "an RSA 2048 key pair",
      value: inMicroseconds(us["RSA key"]!),
      comparison: `${(us["RSA key"]! / us["EC key"]!).toFixed(0)} times EC P-256`,
    },
  ];
}

function starts(hawser: string, nothing: string): Figure[] {
  const folder = path.dirname(nothing);
  const commands: Record<string, string[]> = { nothing: [nothing] };
  for (const name of libraries) {
    const program = path.join(folder, name);
    compile(`scripts/bench/decisions/starts/${name}.ts`, program);
    commands[name] = [program];
  }
  commands["hawser version, executable"] = [hawser, "version"];
  commands["hawser version, deno run"] = [
    ...[process.execPath, "run", "-A", "--no-check", path.join(root, "main.ts"), "version"],
  ];
  const [base, ...others] = measureCommands(commands, rounds);
  const bytes = (words: string[]) => fs.statSync(words[0]!).size;
  return [
    { name: "start: an executable that does nothing", value: `${base!.ms.toFixed(1)} ms` },
    ...others.map(({ name, ms }) => ({
      name: `start: ${name}`,
      value: `${ms.toFixed(1)} ms`,
      comparison: `${(ms - base!.ms).toFixed(1)} ms more` +
        (libraries.includes(name)
          ? `, ${((bytes(commands[name]!) - bytes([nothing])) / 1000).toFixed(0)} KB`
          : ""),
    })),
  ];
}

function inMicroseconds(us: number): string {
  return us < 10_000 ? `${us.toFixed(0)} µs` : `${(us / 1000).toFixed(0)} ms`;
}
