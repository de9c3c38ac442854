import assert from "node:assert/strict";
import { test } from "node:test";
import { findSystemd, notifyReady, unitFolder } from "./systemd.ts";

test("findSystemd() finds none for who wants to do without, or has no session of it", () => {
  assert.equal(findSystemd({ SYSTEMD_OFFLINE: "1" }, 0), undefined);
  assert.equal(findSystemd({ XDG_RUNTIME_DIR: "/nowhere" }, 1000), undefined);
});

test("unitFolder() follows XDG_CONFIG_HOME for users only", () => {
  const env = { HOME: "/home/fritz", XDG_CONFIG_HOME: "/c" };
  assert.equal(unitFolder(env, 1000), "/c/systemd/user");
  assert.equal(
    unitFolder({ ...env, XDG_CONFIG_HOME: "" }, 1000),
    "/home/fritz/.config/systemd/user",
  );
  assert.equal(unitFolder(env, 0), "/etc/systemd/system");
});

test("notifyReady() does nothing unless systemd asked, and tells when it can't", async () => {
  notifyReady({}, "ready", () => assert.fail());
  const failure = new Promise((resolve) =>
    notifyReady({ NOTIFY_SOCKET: "/nowhere/socket", PATH: "/nowhere" }, "ready", resolve)
  );
  assert.ok(await failure instanceof Error);
});
