import assert from "node:assert/strict";
import { test } from "node:test";
import { writeUnit } from "./controller_unit.ts";

const unit = {
  command: ["/usr/bin/hawser", "controller", "run", "--platform", "linux"],
  home: "/var/lib/skupper",
  environmentFile: "/var/lib/skupper/hawser/.controller/environment",
  isUser: false,
};

function settings(text: string, name: string): string[] {
  return Array.from(text.matchAll(new RegExp(`^${name}=(.*)$`, "gm")), ([, value]) => value!);
}

test("writeUnit() has the controller come back, tell when it is ready, and see only its own", () => {
  const text = writeUnit(unit);
  for (const line of ["Type=notify", "Restart=always", "StartLimitIntervalSec=0"]) {
    assert.match(text, new RegExp(`^${line}$`, "m"));
  }
  assert.deepEqual(settings(text, "ExecStart"), [
    "/usr/bin/hawser controller run --platform linux",
  ]);
  assert.deepEqual(settings(text, "Environment"), ["HAWSER_DATA_HOME=/var/lib/skupper"]);
  assert.deepEqual(settings(text, "CapabilityBoundingSet"), [""]);
  assert.deepEqual(settings(text, "BindPaths"), ["/var/lib/skupper"]);
  assert.deepEqual(settings(text, "BindReadOnlyPaths"), ["/usr/bin/hawser"]);
  assert.deepEqual(settings(text, "WantedBy"), ["multi-user.target"]);
});

test("writeUnit() shows the controller what else it reads, be it there or not", () => {
  const text = writeUnit({ ...unit, readable: ["/etc/acme/live", "/root/a b"] });
  assert.deepEqual(settings(text, "BindReadOnlyPaths"), [
    "/usr/bin/hawser",
    "-/etc/acme/live",
    '-"/root/a b"',
  ]);
});

test("writeUnit() asks nothing of a user's systemd that only the system's can do", () => {
  const text = writeUnit({ ...unit, isUser: true });
  assert.doesNotMatch(text, /^(Bind|Capability|Private|Protect)/m);
  assert.match(text, /^NoNewPrivileges=yes$/m);
  assert.deepEqual(settings(text, "WantedBy"), ["default.target"]);
});

test("writeUnit() keeps paths whole, whatever is in them", () => {
  const text = writeUnit({
    ...unit,
    command: ['/opt/a "b"/100%/$x:y', "controller"],
    home: "/srv/a b%n\\c:d",
  });
  assert.deepEqual(settings(text, "ExecStart"), ['"/opt/a \\"b\\"/100%%/$$x:y" controller']);
  assert.deepEqual(settings(text, "Environment"), ['"HAWSER_DATA_HOME=/srv/a b%%n\\\\c:d"']);
  assert.deepEqual(settings(text, "BindPaths"), ['"/srv/a b%%n\\\\c\\:d"']);
  assert.deepEqual(settings(text, "BindReadOnlyPaths"), ['"/opt/a \\"b\\"/100%%/$x\\:y"']);
});
