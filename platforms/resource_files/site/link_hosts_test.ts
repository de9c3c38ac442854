import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors/app_error.ts";
import {
  checkLinkHost,
  findLinkHosts,
  type HostSources,
  isReachable,
  thisMachine,
} from "./link_hosts.ts";

function machine(
  hostname: string,
  addresses: string[],
  names: Record<string, string[]> = {},
): HostSources {
  return {
    hostname: () => hostname,
    interfaceAddresses: () => addresses,
    resolve: (name) => Promise.resolve(names[name] ?? []),
  };
}

const interfaces = ["127.0.0.1", "::1", "2001:db8::5", "192.0.2.7", "fe80::1", "169.254.3.4"];

test("findLinkHosts() puts a fully qualified name first, then IPv4, then IPv6", async () => {
  const sources = machine("West.example.org", interfaces, {
    "west.example.org": ["192.0.2.7"],
  });
  assert.deepEqual(await findLinkHosts(sources), ["west.example.org", "192.0.2.7", "2001:db8::5"]);
});

test("findLinkHosts() leaves out a name that is short, unknown or stands for loopback", async () => {
  const names = { "west.example.org": ["127.0.1.1"], west: ["192.0.2.7"] };
  for (const name of ["west", "west.example.org", "unknown.example.org", "192.0.2.99", "a_b.c"]) {
    assert.deepEqual(await findLinkHosts(machine(name, interfaces, names)), [
      "192.0.2.7",
      "2001:db8::5",
    ]);
  }
});

test("findLinkHosts() finds nothing on a machine that nobody can reach", async () => {
  assert.deepEqual(await findLinkHosts(machine("west", ["127.0.0.1", "::1", "fe80::1"])), []);
});

test("findLinkHosts() names only reachable hosts of the machine it runs on", async () => {
  for (const host of await findLinkHosts(thisMachine)) assert.ok(isReachable(host), host);
});

test("thisMachine resolves a name, and none for an unknown one", async () => {
  assert.ok((await thisMachine.resolve("localhost")).length > 0);
  assert.deepEqual(await thisMachine.resolve("no-such-host.invalid"), []);
});

test("checkLinkHost() takes names and addresses, loopback too when it is asked for", () => {
  const accepted = ["West.Example.ORG", "west", "192.0.2.7", "2001:DB8::5", "127.0.0.1", "::1"];
  assert.deepEqual(accepted.map(checkLinkHost), accepted.map((host) => host.toLowerCase()));
});

test("checkLinkHost() refuses what no remote site can connect to", () => {
  const refused = [
    "",
    "0.0.0.0",
    "::",
    "169.254.1.1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "224.0.0.1",
    "1.2.3",
    "10.0.0.1:55671",
    "[::1]",
    "https://west",
    "a b",
    "../../etc",
    "under_score",
  ];
  for (const host of refused) {
    assert.throws(
      () => checkLinkHost(host),
      (error) => error instanceof AppError && error.code === "invalid-value",
      host,
    );
  }
});

test("isReachable() is false for loopback however it is written", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost"]) {
    assert.equal(isReachable(host), false, host);
  }
  for (const host of ["west.example.org", "192.0.2.7", "2001:db8::5"]) {
    assert.equal(isReachable(host), true, host);
  }
});
