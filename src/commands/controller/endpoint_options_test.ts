import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../../test/fakes/world.ts";

test("--grant-host takes what can stand in a token's url", async () => {
  const table: [string, boolean][] = [
    ["192.0.2.7", true],
    ["West.example.com", true],
    ["2001:db8::7", true],
    ["::1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["a b", false],
    ["west:9090", false],
    ["west/path", false],
    ["user@west", false],
    ["", false],
  ];
  for (const [host, taken] of table) {
    const { code, stderr } = await run(["controller", "run", "--grant-host", host, "-p", "linux"]);
    assert.equal(code, taken ? 3 : 2, `${host}: ${stderr}`);
    if (taken) continue;
    assert.match(stderr, /^error: Invalid value ".*" for --grant-host: it must be a host name or/);
  }
});
