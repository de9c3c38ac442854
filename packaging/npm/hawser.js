#!/usr/bin/env node
// Runs the executable of the package for this machine, and ends as it does.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";

const os = { linux: "linux", darwin: "macos", win32: "windows" }[process.platform];
const hasGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
const target = [os, process.arch, ...(os === "linux" && !hasGlibc ? ["musl"] : [])].join("-");

let executable;
try {
  executable = createRequire(import.meta.url)
    .resolve(`hawser-${target}/hawser${os === "windows" ? ".exe" : ""}`);
} catch {
  console.error(
    `error: The package hawser-${target} is not installed: hawser has none for this machine, or ` +
      "npm was told to leave optional packages out.",
  );
  process.exit(1);
}

// A terminal sends Ctrl-C to both; who ends first must be the executable.
process.on("SIGINT", () => {});
const child = spawn(executable, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`error: ${executable} does not start: ${error.message}`);
  process.exit(1);
});
child.on("close", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
