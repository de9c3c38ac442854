import assert from "node:assert/strict";
import { access, cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import { newSite, type TestHome, withDataHome } from "../../../test/fakes/data_home.ts";
import { siteUid } from "./site_authority.ts";

const signal = new AbortController().signal;

function portsOf(access: RouterAccess | undefined): (number | undefined)[] {
  return access?.spec?.roles.map(({ port }) => port) ?? [];
}

function found(home: TestHome, namespace: string, linkHosts: string[] = []) {
  return home.open(namespace).founder.found(newSite(namespace), linkHosts, signal);
}

function accessOf(home: TestHome, namespace: string) {
  return home.open(namespace).platform.get("RouterAccess", namespace, signal);
}

test("found() makes an authority and a RouterAccess that upstream adopts", () =>
  withDataHome(async (home) => {
    home.addresses = ["127.0.0.1", "192.0.2.7", "fe80::1"];
    const { paths } = home.open("west");
    await found(home, "west");
    assert.ok(await siteUid(paths));
    const access = await accessOf(home, "west");
    assert.deepEqual(access?.spec?.roles.map(({ name }) => name), ["inter-router", "edge"]);
    const { roles: _, ...spec } = access!.spec!;
    assert.deepEqual(spec, {
      tlsCredentials: "west",
      issuer: "skupper-site-ca",
      subjectAlternativeNames: ["192.0.2.7"],
    });
    const text = await readFile(join(paths.inputResources, "RouterAccess-west.yaml"), "utf8");
    assert.doesNotMatch(text, /status|uid|generation|resourceVersion/);
    assert.deepEqual((await readdir(paths.root)).toSorted(), ["input"]);
    if (process.platform === "win32") return;
    assert.equal((await stat(paths.root)).mode & 0o777, 0o700);
  }));

test("found() again keeps authority, ports and hosts, and takes new hosts", () =>
  withDataHome(async (home) => {
    await found(home, "west", ["West.example.org"]);
    const { paths } = home.open("west");
    const uid = await siteUid(paths);
    const ports = portsOf(await accessOf(home, "west"));
    home.addresses = ["192.0.2.7"];
    await found(home, "west");
    let access = await accessOf(home, "west");
    assert.deepEqual(access?.spec?.subjectAlternativeNames, ["west.example.org"]);
    await found(home, "west", ["127.0.0.1"]);
    access = await accessOf(home, "west");
    assert.deepEqual(access?.spec?.subjectAlternativeNames, ["127.0.0.1"]);
    assert.deepEqual(portsOf(access), ports);
    assert.equal(await siteUid(paths), uid);
  }));

test("found() gives sites founded at once ports of their own", () =>
  withDataHome(async (home) => {
    const names = ["one", "two", "three"];
    await Promise.all(names.map((name) => found(home, name)));
    const ports = (await Promise.all(names.map((name) => accessOf(home, name)))).flatMap(portsOf);
    assert.equal(new Set(ports).size, 6);
  }));

test("found() passes by ports that others have put down for themselves", () =>
  withDataHome(async (home) => {
    const wanted = Array.from({ length: 20 }, (_, place) => 55671 + place);
    await home.open("other").platform.apply<"RouterAccess">({
      apiVersion,
      kind: "RouterAccess",
      metadata: { name: "theirs" },
      spec: {
        roles: [...wanted.map((port) => ({ name: "inter-router", port })), { name: "edge" }],
        tlsCredentials: "theirs",
      },
    }, signal);
    await found(home, "west");
    const [interRouter, edge] = portsOf(await accessOf(home, "west"));
    assert.ok(interRouter! > 55690, String(interRouter));
    assert.ok(edge! > 45671, String(edge));
  }));

test("found() completes a RouterAccess of the user's, and leaves it when link access ends", () =>
  withDataHome(async (home) => {
    const { platform, founder } = home.open("west");
    await platform.apply<"RouterAccess">({
      apiVersion,
      kind: "RouterAccess",
      metadata: { name: "west", labels: { mine: "yes" } },
      spec: { roles: [{ name: "edge", port: 50001 }], tlsCredentials: "mine", bindHost: "::1" },
    }, signal);
    await found(home, "west", ["192.0.2.9"]);
    const access = await accessOf(home, "west");
    assert.deepEqual(access?.metadata.labels, { mine: "yes" });
    assert.equal(access?.spec?.tlsCredentials, "mine");
    assert.equal(access?.spec?.bindHost, "::1");
    assert.deepEqual(access?.spec?.roles[0], { name: "edge", port: 50001 });
    assert.equal(access?.spec?.roles[1]?.name, "inter-router");
    await founder.found(newSite("west", { linkAccess: "none" }), [], signal);
    assert.deepEqual(await accessOf(home, "west"), access);
  }));

test("found() without link access, or for an edge site, takes back what it gave", () =>
  withDataHome(async (home) => {
    const { founder } = home.open("west");
    for (const spec of [{}, { linkAccess: "none" }, { linkAccess: "default", edge: true }]) {
      await found(home, "west");
      assert.ok(await accessOf(home, "west"));
      await founder.found(newSite("west", spec), [], signal);
      assert.equal(await accessOf(home, "west"), undefined);
    }
  }));

test("found() refuses bad names and hosts before anything is made", () =>
  withDataHome(async (home) => {
    const { founder } = home.open("west");
    for (const [name, hosts] of [["we.st", []], ["west", ["0.0.0.0"]]] as const) {
      await assert.rejects(
        founder.found(newSite(name), [...hosts], signal),
        (error) => isAppError(error, "invalid-value"),
      );
    }
    assert.deepEqual(await readdir(home.home), []);
  }));

test("found() and dissolve() leave a namespace that upstream made as it is", () =>
  withDataHome(async (home) => {
    for (const trace of ["internal/platform.yaml", "runtime/resources/Site-east.yaml"]) {
      const namespace = trace.split("/")[0]!;
      const { paths, platform, founder } = home.open(namespace);
      await mkdir(join(paths.root, trace, ".."), { recursive: true });
      await writeFile(join(paths.root, trace), "platform: linux\n");
      const before = (await readdir(paths.root, { recursive: true })).toSorted();
      const site = newSite("east");
      await assert.rejects(
        founder.found(site, [], signal),
        (error) => isAppError(error, "namespace-foreign"),
      );
      await assert.rejects(
        founder.dissolve(site, true, signal),
        (error) => isAppError(error, "namespace-foreign"),
      );
      assert.deepEqual((await readdir(paths.root, { recursive: true })).toSorted(), before);
      assert.deepEqual(await platform.list("Link", signal), []);
    }
  }));

test("dissolve() leaves nothing of a site that found() made", () =>
  withDataHome(async (home) => {
    const { paths, platform, founder } = home.open("west");
    const site = newSite("west");
    await found(home, "west");
    await platform.apply(site, signal);
    const before = await siteUid(paths);
    await founder.dissolve(site, false, signal);
    await assert.rejects(access(paths.root));
    await assert.rejects(access(paths.state));
    await founder.dissolve(site, false, signal);
    await found(home, "west");
    assert.notEqual(await siteUid(paths), before);
  }));

test("dissolve() takes the Site last: until then a delete that was killed can be done again", () =>
  withDataHome(async (home) => {
    const { paths, platform, held, founder } = home.open("west");
    const site = newSite("west");
    await found(home, "west");
    await platform.apply(site, signal);
    const remove = held.remove.bind(held);
    held.remove = async (kind, ...rest) => {
      if (kind !== "Site") return await remove(kind, ...rest);
      await assert.rejects(access(paths.state));
      throw new Error("killed");
    };
    await assert.rejects(founder.dissolve(site, false, signal), /killed/);
    held.remove = remove;
    assert.equal((await platform.list("Site", signal)).length, 1);
    await founder.dissolve(site, false, signal);
    await assert.rejects(access(paths.root));
  }));

test("dissolve() takes what others put there only when everything is to go", () =>
  withDataHome(async (home) => {
    const { paths, platform, founder } = home.open("west");
    const site = newSite("west");
    await found(home, "west");
    await platform.apply(site, signal);
    for (const tlsCredentials of ["east", "other"]) {
      await platform.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: tlsCredentials },
      }, signal);
    }
    await platform.apply<"Link">({
      apiVersion,
      kind: "Link",
      metadata: { name: "east" },
      spec: { endpoints: [], tlsCredentials: "east" },
    }, signal);
    await founder.dissolve(site, false, signal);
    assert.deepEqual((await readdir(paths.inputResources)).toSorted(), [
      "Link-east.yaml",
      "Secret-east.yaml",
      "Secret-other.yaml",
    ]);
    await founder.dissolve(site, true, signal);
    assert.deepEqual(await readdir(paths.inputResources), ["Secret-other.yaml"]);
  }));

test("dissolve() takes Skupper's documents of any kind with everything, but for other Sites", () =>
  withDataHome(async (home) => {
    const { paths, platform, founder } = home.open("west");
    const site = newSite("west");
    await found(home, "west");
    await platform.apply(site, signal);
    const document = (kind: string, group = "skupper.io/v2alpha1") =>
      `apiVersion: ${group}\nkind: ${kind}\nmetadata:\n  name: mine\n`;
    const others = `${document("Listener", "example.io/v1")}---\n${document("Site")}`;
    const texts = {
      "mixed.yaml": `${document("Listener")}---\n${others}`,
      "connector.yml": document("Connector"),
      "later.yaml": document("Gadget", "skupper.io/v9"),
      "broken.yaml": document("Link").replace("name: mine", "name: 7"),
      "torn.yaml": "{ kind: Listener",
    };
    for (const [name, text] of Object.entries(texts)) {
      await writeFile(join(paths.inputResources, name), text);
    }
    await founder.dissolve(site, false, signal);
    assert.deepEqual((await readdir(paths.inputResources)).sort(), Object.keys(texts).sort());
    await founder.dissolve(site, true, signal);
    assert.deepEqual((await readdir(paths.inputResources)).sort(), ["mixed.yaml", "torn.yaml"]);
    assert.equal(
      await readFile(join(paths.inputResources, "mixed.yaml"), "utf8"),
      `---\n${others}`,
    );
  }));

test("dissolve() leaves a certificate authority of the user's", () =>
  withDataHome(async (home) => {
    const { paths, founder } = home.open("west");
    const donor = home.open("donor");
    await found(home, "donor");
    await mkdir(paths.inputIssuers, { recursive: true });
    const folder = join(paths.inputIssuers, "skupper-site-ca");
    await cp(join(donor.paths.inputIssuers, "skupper-site-ca"), folder, { recursive: true });
    await found(home, "west");
    await founder.dissolve(newSite("west"), true, signal);
    assert.deepEqual((await readdir(folder)).toSorted(), ["ca.crt", "tls.crt", "tls.key"]);
    assert.deepEqual(await readdir(paths.state), []);
    assert.equal(await accessOf(home, "west"), undefined);
  }));
