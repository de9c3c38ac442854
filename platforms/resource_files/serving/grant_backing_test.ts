import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { createAuthority } from "../../../src/pki/authority.ts";
import type { AccessGrant } from "../../../src/resources/access_grant.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { Site } from "../../../src/resources/site.ts";
import { newSite, type TestHome, withDataHome } from "../../../test/fakes/data_home.ts";
import { fileGrantBacking } from "./grant_backing.ts";

const signal = new AbortController().signal;

function newGrant(issuer?: string): AccessGrant {
  const spec = issuer === undefined ? {} : { issuer };
  return { apiVersion, kind: "AccessGrant", metadata: { name: "grant" }, spec };
}

async function makeSite(home: TestHome, spec?: Site["spec"], hosts = ["127.0.0.1"]) {
  const opened = home.open("west");
  const site = newSite("west", spec);
  await opened.founder.found(site, hosts, signal);
  await opened.platform.apply(site, signal);
  return { ...opened, backing: fileGrantBacking(opened.paths, opened.platform) };
}

async function putAuthority(folder: string): Promise<{ certificatePem: string }> {
  const authority = await createAuthority("corporate");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "ca.crt"), authority.certificatePem);
  await writeFile(join(folder, "tls.crt"), authority.certificatePem);
  await writeFile(join(folder, "tls.key"), authority.privateKeyPem);
  return authority;
}

test("issuer() is the grant's, else the site's, else that of its link access", () =>
  withDataHome(async (home) => {
    const { backing, paths, platform } = await makeSite(home);
    const ownPem = await readFile(join(paths.inputIssuers, "skupper-site-ca", "tls.crt"), "utf8");
    assert.equal((await backing.issuer(newGrant())).certificatePem, ownPem);
    const corporate = await putAuthority(join(paths.inputIssuers, "corporate"));
    assert.equal(
      (await backing.issuer(newGrant("corporate"))).certificatePem,
      corporate.certificatePem,
    );
    const access = (await platform.get("RouterAccess", "west", signal))!;
    access.spec!.issuer = "corporate";
    await platform.apply<"RouterAccess">(access, signal);
    assert.equal((await backing.issuer(newGrant())).certificatePem, corporate.certificatePem);
    const site = newSite("west", { linkAccess: "default", defaultIssuer: "skupper-site-ca" });
    await platform.apply(site, signal);
    assert.equal((await backing.issuer(newGrant())).certificatePem, ownPem);
  }));

test("issuer() says what is missing", () =>
  withDataHome(async (home) => {
    const { paths, platform } = home.open("west");
    const nothing = fileGrantBacking(paths, platform);
    await assert.rejects(nothing.issuer(newGrant()), (e) => isAppError(e, "site-missing"));
    await assert.rejects(nothing.endpoints(newGrant()), (e) => isAppError(e, "site-missing"));
    const { backing } = await makeSite(home);
    for (const issuer of ["none", "../../../../etc"]) {
      await assert.rejects(
        backing.issuer(newGrant(issuer)),
        (error) => isAppError(error, "site-issuer-missing"),
      );
    }
    await platform.apply(newSite("west", { linkAccess: "default", edge: true }), signal);
    await assert.rejects(backing.issuer(newGrant()), (e) => isAppError(e, "site-edge"));
  }));

test("endpoints() are those of link access, and change with it at once", () =>
  withDataHome(async (home) => {
    const { backing, founder, platform } = await makeSite(home);
    const site = (await platform.get("Site", "west", signal))!;
    assert.deepEqual(await backing.endpoints(newGrant()), site.status?.endpoints);
    await founder.found(newSite("west"), ["192.0.2.7"], signal);
    const hosts = (await backing.endpoints(newGrant())).map(({ host }) => host);
    assert.deepEqual(hosts, ["192.0.2.7", "192.0.2.7"]);
    await founder.found(newSite("west", {}), [], signal);
    await assert.rejects(backing.endpoints(newGrant()), (e) => isAppError(e, "no-endpoints"));
  }));

test("endpoints() and issuer() of a namespace made anew are the new ones", () =>
  withDataHome(async (home) => {
    const { backing, founder } = await makeSite(home);
    const before = await backing.issuer(newGrant());
    await founder.dissolve(newSite("west"), true, signal);
    await makeSite(home, undefined, ["192.0.2.7"]);
    assert.notEqual((await backing.issuer(newGrant())).certificatePem, before.certificatePem);
    assert.equal((await backing.endpoints(newGrant()))[0]?.host, "192.0.2.7");
  }));

test("endpoints() sees an edit in place as soon as what it knows is a second old", () =>
  withDataHome(async (home) => {
    const { paths, platform } = await makeSite(home);
    let now = 0;
    const backing = fileGrantBacking(paths, platform, () => now);
    assert.equal((await backing.endpoints(newGrant()))[0]?.host, "127.0.0.1");
    const path = join(paths.inputResources, "RouterAccess-west.yaml");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("127.0.0.1", "192.0.2.7"));
    now = 1000;
    assert.equal((await backing.endpoints(newGrant()))[0]?.host, "192.0.2.7");
  }));

test("endpoints() are those that trust the grant's issuer, where some name it", () =>
  withDataHome(async (home) => {
    const { backing, paths, platform } = await makeSite(home);
    await putAuthority(join(paths.inputIssuers, "corporate"));
    await platform.apply<"RouterAccess">({
      apiVersion,
      kind: "RouterAccess",
      metadata: { name: "another" },
      spec: {
        roles: [{ name: "inter-router", port: 50001 }],
        tlsCredentials: "another",
        issuer: "corporate",
        subjectAlternativeNames: ["west.example.org"],
      },
    }, signal);
    await platform.apply(newSite("west", { defaultIssuer: "skupper-site-ca" }), signal);
    assert.deepEqual(await backing.endpoints(newGrant("corporate")), [
      { name: "inter-router", host: "west.example.org", port: "50001", group: "skupper-router" },
    ]);
    const usual = await backing.endpoints(newGrant());
    assert.deepEqual(usual.map(({ host }) => host), ["127.0.0.1", "127.0.0.1"]);
  }));

test("ledgers belong to the site: they end with its authority", () =>
  withDataHome(async (home) => {
    const { backing, founder, paths } = await makeSite(home);
    const ledger = { grantUid: "uid", grantName: "grant", counted: 1, redemptions: [] };
    await backing.ledgers.write(ledger, undefined);
    assert.deepEqual(await backing.ledgers.list(), ["uid"]);
    const folder = join(paths.inputIssuers, "skupper-site-ca");
    await rm(folder, { recursive: true });
    assert.equal(await backing.ledgers.read("uid"), undefined);
    await assert.rejects(backing.ledgers.write(ledger, "1"), (e) => isAppError(e, "site-missing"));
    const again = founder.found(newSite("west"), [], signal);
    await assert.rejects(again, (e) => isAppError(e, "site-authority-lost"));
    await founder.dissolve(newSite("west"), false, signal);
    await founder.found(newSite("west"), [], signal);
    assert.deepEqual(await backing.ledgers.list(), []);
  }));
