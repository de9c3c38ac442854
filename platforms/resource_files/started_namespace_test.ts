import assert from "node:assert/strict";
import * as fs from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { newSite, type TestHome, withDataHome } from "../../test/fakes/data_home.ts";
import { hashFolder } from "../../test/fakes/folder_hash.ts";
import { machineOf } from "../../test/fakes/machine.ts";
import { startRouter } from "../../test/fakes/router/router.ts";
import {
  type Machine,
  putInput,
  releases,
  siteInput,
  systemStart,
  systemStop,
} from "../../test/fakes/system_start.ts";
import { isAppError } from "../../src/errors/app_error.ts";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";
import type { AccessGrant } from "../../src/resources/access_grant.ts";
import { apiVersion, hostAndPort, isReady } from "../../src/resources/resource.ts";
import type { GrantBacking } from "../../src/grant_service/ledger/backing.ts";
import { fileGrantBacking } from "./serving/grant_backing.ts";
import { siteUid } from "./site/site_authority.ts";
import { startCommand } from "./started_namespace.ts";

const signal = new AbortController().signal;

function newGrant(issuer?: string): AccessGrant {
  const spec = issuer === undefined ? {} : { issuer };
  return { apiVersion, kind: "AccessGrant", metadata: { name: "grant" }, spec };
}

async function start(home: TestHome, differences: Partial<Machine> = {}, spec: object = {}) {
  const machine = await machineOf(home.home, "west", differences);
  siteInput(machine, "west", spec);
  await systemStart(machine);
  return { machine, ...reopen(home) };
}

function reopen(home: TestHome) {
  const opened = home.open("west");
  return { ...opened, backing: fileGrantBacking(opened.paths, opened.platform) };
}

async function authorityOf({ issuer }: GrantBacking): Promise<string> {
  const { certificatePem, privateKeyPem } = await issuer(newGrant());
  return certificatePem + privateKeyPem;
}

async function addresses(home: TestHome, grant = newGrant()): Promise<string[]> {
  const found = await reopen(home).backing.endpoints(grant);
  return found.map(({ name, host, port }) => `${name} ${hostAndPort(host!, port!)}`);
}

async function siteOf(home: TestHome) {
  return (await home.open("west").platform.get("Site", "west", signal))!;
}

function access(name: string, port: number, spec: object = {}) {
  const roles = [{ name: "inter-router", port }];
  const metadata = { name, namespace: "west" };
  return { apiVersion, kind: "RouterAccess", metadata, spec: { roles, ...spec } };
}

async function putAuthority(folder: string): Promise<string> {
  const { certificatePem, privateKeyPem } = await createAuthority("corporate");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, "ca.crt"), certificatePem);
  fs.writeFileSync(join(folder, "tls.crt"), certificatePem);
  fs.writeFileSync(join(folder, "tls.key"), privateKeyPem);
  return certificatePem;
}

for (const release of releases) {
  for (const platform of ["docker", "podman", "linux"] as const) {
    test(`a site that ${release} started on ${platform} is ready while its router answers`, () =>
      withDataHome(async (home) => {
        const { machine, paths, backing } = await start(home, { release, platform });
        const untouched = hashFolder(paths.root);
        const stopped = await siteOf(home);
        assert.deepEqual([stopped.status?.status, stopped.status?.message], [
          "Pending",
          `The router is not running, "skupper system reload -n west -p ${platform}" starts it`,
        ]);
        const router = await startRouter(paths.root);
        const running = await siteOf(home);
        await router.stop();
        assert.ok(isReady(running));
        assert.deepEqual(running.status?.endpoints, [
          {
            name: "inter-router",
            host: "192.0.2.7",
            port: String(machine.ports["inter-router"]),
            group: "skupper-router",
          },
          {
            name: "edge",
            host: "192.0.2.7",
            port: String(machine.ports.edge),
            group: "skupper-router",
          },
        ]);
        assert.deepEqual(await backing.endpoints(newGrant()), running.status.endpoints);
        const { certificatePem, privateKeyPem } = await backing.issuer(newGrant());
        assert.match(privateKeyPem, /BEGIN RSA PRIVATE KEY/);
        await (await loadAuthority(certificatePem, privateKeyPem)).signClient({
          commonName: "east",
          publicKey: (await createKeyPair()).publicKey,
          lifetimeMs: 60_000,
        });
        assert.equal(hashFolder(paths.root), untouched);
      }));
  }
}

test("an edge site that upstream started is ready, and signs nothing", () =>
  withDataHome(async (home) => {
    const { paths, backing } = await start(home, {}, { edge: true });
    const router = await startRouter(paths.root);
    const site = await siteOf(home);
    await router.stop();
    assert.ok(isReady(site));
    assert.equal(site.status?.endpoints, undefined);
    for (const ask of [backing.issuer, backing.endpoints]) {
      await assert.rejects(ask(newGrant()), (error) => isAppError(error, "site-edge"));
    }
  }));

test("of several RouterAccesses those count that trust the grant's issuer", () =>
  withDataHome(async (home) => {
    const machine = await machineOf(home.home, "west");
    siteInput(machine, "west");
    const hosts = ["*.example.org", "0.0.0.0", "127.0.0.1", "West.Example.org"];
    putInput(machine, access("another", 50001, { subjectAlternativeNames: hosts }));
    putInput(
      machine,
      access("third", 50002, { issuer: "corporate", subjectAlternativeNames: ["10.1.1.1"] }),
    );
    putInput(machine, access("local", 50003, { bindHost: "127.0.0.1" }));
    const corporate = await putAuthority(
      join(home.open("west").paths.inputIssuers, "corporate"),
    );
    await systemStart(machine);
    assert.deepEqual(await addresses(home), [
      "inter-router west.example.org:50001",
      `edge 192.0.2.7:${machine.ports.edge}`,
    ]);
    assert.deepEqual(await addresses(home, newGrant("corporate")), ["inter-router 10.1.1.1:50002"]);
    const { certificatePem } = await reopen(home).backing.issuer(newGrant("corporate"));
    assert.equal(certificatePem, corporate);
  }));

test("an authority that the router does not trust signs nothing", () =>
  withDataHome(async (home) => {
    const machine = await machineOf(home.home, "west");
    siteInput(machine, "west");
    await putAuthority(join(home.open("west").paths.root, "input/certs/west"));
    await systemStart(machine);
    const { backing } = reopen(home);
    const refusal = /"skupper-site-ca" is not the one that the site's router trusts/;
    await assert.rejects(backing.issuer(newGrant()), refusal);
    await assert.rejects(
      backing.endpoints(newGrant()),
      (error) => isAppError(error, "no-endpoints"),
    );
  }));

test("what the input says counts once the router was given it", () =>
  withDataHome(async (home) => {
    const { machine, paths, backing } = await start(home);
    const before = [await addresses(home), await authorityOf(backing)];
    putInput(machine, access("west", 50001, { subjectAlternativeNames: ["10.1.1.1"] }));
    const next = await putAuthority(join(paths.inputIssuers, "skupper-site-ca"));
    assert.deepEqual(
      [await addresses(home), await authorityOf(reopen(home).backing)],
      before,
    );
    await systemStart(machine);
    assert.deepEqual(await addresses(home), ["inter-router 10.1.1.1:50001"]);
    assert.equal((await reopen(home).backing.issuer(newGrant())).certificatePem, next);
  }));

test("found() keeps the hosts chosen for links, as long as the site lasts, and changes nothing", () =>
  withDataHome(async (home) => {
    const { machine, paths, founder } = await start(home);
    const untouched = hashFolder(paths.root);
    await founder.found(await siteOf(home), ["west.example.org"], signal);
    const chosen = [
      `inter-router west.example.org:${machine.ports["inter-router"]}`,
      `edge west.example.org:${machine.ports.edge}`,
    ];
    assert.deepEqual(await addresses(home), chosen);
    for (const spec of [{ linkAccess: "none" }, { linkAccess: "default", ha: true }]) {
      await assert.rejects(
        founder.found(newSite("west", spec), ["10.1.1.1"], signal),
        (error) => isAppError(error, "namespace-foreign"),
      );
    }
    assert.equal(hashFolder(paths.root), untouched);
    await systemStart(machine);
    assert.deepEqual(await addresses(home), chosen);
    const uid = await siteUid(paths);
    systemStop(machine);
    siteInput(machine, "west");
    await systemStart(machine);
    assert.notEqual(await siteUid(paths), uid);
    assert.match((await addresses(home))[0]!, /192\.0\.2\.7/);
  }));

test("a site of ours keeps authority, ports and hosts when upstream starts it", () =>
  withDataHome(async (home) => {
    home.addresses = ["192.0.2.7"];
    home.controllerSince = "2026-01-01T00:00:00Z";
    const { paths, platform, founder, backing } = reopen(home);
    await founder.found(newSite("west"), ["127.0.0.1"], signal);
    await platform.apply(newSite("west"), signal);
    const before = [await siteUid(paths), await addresses(home), await authorityOf(backing)];
    const machine = await machineOf(home.home, "west");
    await systemStart(machine);
    const after = async () => [
      await siteUid(paths),
      await addresses(home),
      await authorityOf(reopen(home).backing),
    ];
    assert.deepEqual(await after(), before);
    await systemStart(machine);
    assert.deepEqual(await after(), before);
    await rm(join(paths.root, "input/issuers"), { recursive: true });
    await systemStart(machine);
    assert.deepEqual(await after(), before);
  }));

test("links are those of the input, and those upstream redeemed itself", () =>
  withDataHome(async (home) => {
    const { machine, paths, platform } = await start(home);
    const link = (name: string) => ({
      apiVersion,
      kind: "Link",
      metadata: { name, namespace: "west" },
      spec: { endpoints: [], tlsCredentials: name },
    });
    const secret = (name: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "west" },
      data: { "tls.key": "" },
    });
    for (const name of ["known", "deleted", "claimed"]) {
      putInput(machine, secret(name));
      putInput(machine, link(name));
    }
    await systemStart(machine);
    for (const folder of ["input/resources", "internal/snapshot"]) {
      await rm(join(paths.root, folder, "Link-claimed.yaml"));
    }
    await rm(join(paths.inputResources, "Link-deleted.yaml"));
    putInput(machine, link("new"));
    const links = await platform.list("Link", signal);
    const stopped =
      'The router is not running, "skupper system reload -n west -p podman" starts it';
    assert.deepEqual(
      links.map(({ metadata, status }) => [metadata.name, status?.message]),
      [
        ["claimed", stopped],
        ["known", stopped],
        ["new", stopped],
      ],
    );
    for (
      const change of [
        () => platform.remove("Link", "claimed", signal),
        () => platform.apply({ ...links[0]!, spec: { endpoints: [], cost: 5 } }, signal),
      ]
    ) {
      await assert.rejects(change, (error) => isAppError(error, "namespace-foreign"));
    }
  }));

const halves: [string, string[], string][] = [
  ["runtime/router", ["router"], "is not running"],
  [
    "runtime/certs",
    ["certs"],
    "It is not known whether the router runs: .*credentials can't be read",
  ],
  ["runtime/resources, as while it is reloaded", ["resources"], "Not started"],
  [
    "all that upstream makes but the platform's name",
    ["certs", "issuers", "resources", "router"],
    "Not started",
  ],
];
for (const [what, parts, message] of halves) {
  test(`a namespace without ${what} is said not to be ready, and spends nothing`, () =>
    withDataHome(async (home) => {
      const { paths, backing } = await start(home);
      for (const part of parts) await rm(join(paths.runtime, part), { recursive: true });
      const site = await siteOf(home);
      assert.ok(!isReady(site));
      assert.match(site.status!.message!, new RegExp(message));
      if (parts.includes("router")) {
        // a start that died half-way: the next one would refuse to begin
        const left = `${join(paths.root, "internal")} ${paths.runtimeResources}`;
        assert.equal(
          await startCommand(paths, "podman"),
          `rm -r ${left}; skupper system start -n west -p podman`,
        );
      }
      if (parts[0] === "router") return;
      await assert.rejects(
        backing.endpoints(newGrant()),
        (error) => isAppError(error, "no-endpoints", "site-issuer-missing"),
      );
    }));
}

test("endpoints() are found while upstream's controller writes its files anew", () =>
  withDataHome(async (home) => {
    const { paths } = await start(home);
    const before = await addresses(home);
    const files = fs.readdirSync(paths.runtimeResources)
      .map((name) => join(paths.runtimeResources, name))
      .map((file) => ({ file, text: fs.readFileSync(file, "utf8") }));
    let isDone = false;
    const writing = (async () => {
      while (!isDone) {
        for (const { file, text } of files) {
          fs.writeFileSync(file, "");
          await pause(1);
          fs.writeFileSync(file, text);
          await pause(2);
        }
      }
    })();
    try {
      for (let i = 0; i < 50; i++) assert.deepEqual(await addresses(home), before);
    } finally {
      isDone = true;
      await writing;
    }
  }));

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test("a namespace put back as it was honours what it honoured", () =>
  withDataHome(async (home) => {
    const { machine, paths } = await start(home);
    const uid = await siteUid(paths);
    await cp(paths.root, join(home.home, "kept"), { recursive: true });
    systemStop(machine);
    assert.equal(await siteUid(paths), undefined);
    await cp(join(home.home, "kept"), paths.root, { recursive: true });
    assert.equal(await siteUid(paths), uid);
  }));
