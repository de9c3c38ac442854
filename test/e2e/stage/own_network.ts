import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";

/** A process in a network of its own; the network lives as long as it does. */
export function openNetwork(): ChildProcess {
  const holder = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
  const enter = [`--net=/proc/${holder.pid}/ns/net`, "ip", "link", "set", "lo", "up"];
  const own = fs.readlinkSync("/proc/self/ns/net");
  while (fs.readlinkSync(`/proc/${holder.pid}/ns/net`) === own);
  const { status, stderr } = spawnSync("nsenter", enter, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return holder;
}
