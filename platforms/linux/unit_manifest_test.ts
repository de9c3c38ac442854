import assert from "node:assert/strict";
import { test } from "node:test";
import { unitManifest } from "./unit_manifest.ts";

const program = { executable: ["/usr/bin/hawser"], env: { HOME: "/home/fritz" } };

function pathOf(uid: number, env = {}): string {
  const { data } = unitManifest({ ...program, env: { ...program.env, ...env } }, uid, {});
  return (data as { path: string }).path;
}

test("unitManifest() is the unit of the user's data home, with the options given", () => {
  const { text } = unitManifest(program, 1000, { grantHost: "west.example.org", grantPort: 9999 });
  assert.match(text, /^Environment=HAWSER_DATA_HOME=\/home\/fritz\/\.local\/share\/skupper$/m);
  assert.match(text, / --grant-host west\.example\.org --grant-port 9999$/m);
  assert.match(text, /^WantedBy=default\.target$/m);
});

test("unitManifest() names the file that systemd reads, another one for each data home", () => {
  assert.equal(pathOf(0), "/etc/systemd/system/hawser-controller.service");
  assert.equal(pathOf(1000), "/home/fritz/.config/systemd/user/hawser-controller.service");
  assert.equal(
    pathOf(1000, { XDG_CONFIG_HOME: "/c" }),
    "/c/systemd/user/hawser-controller.service",
  );
  const others = ["/a", "/b"].map((home) => pathOf(0, { HAWSER_DATA_HOME: home }));
  assert.equal(new Set([pathOf(0), ...others]).size, 3);
  assert.equal(
    pathOf(0, { HAWSER_DATA_HOME: "/var/lib/skupper" }),
    "/etc/systemd/system/hawser-controller.service",
  );
});
