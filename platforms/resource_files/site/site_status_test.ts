import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { BaseResource } from "../../../src/resources/resource.ts";
import { apiVersion, findCondition } from "../../../src/resources/resource.ts";
import { parseResource } from "../../../src/resources/yaml.ts";
import { newSite, type TestHome, withDataHome } from "../../../test/fakes/data_home.ts";

const signal = new AbortController().signal;
const startedAt = "2026-01-01T00:00:00Z";

async function siteOf(home: TestHome, namespace: string) {
  return (await home.open(namespace).platform.get("Site", namespace, signal))!;
}

async function makeSite(home: TestHome, spec?: { linkAccess?: string }, hosts: string[] = []) {
  const { founder, platform } = home.open("west");
  const site = newSite("west", spec);
  await founder.found(site, hosts, signal);
  await platform.apply(site, signal);
}

function describe(resource: BaseResource) {
  return {
    status: resource.status?.status,
    message: resource.status?.message,
    conditions: resource.status?.conditions?.map(({ type, status }) => `${type} ${status}`),
  };
}

test("a site without link access is ready as soon as it is configured", () =>
  withDataHome(async (home) => {
    await makeSite(home, {});
    const site = await siteOf(home, "west");
    assert.deepEqual(describe(site), {
      status: "Ready",
      message: "OK",
      conditions: ["Configured True", "Ready True", "Running False"],
    });
    assert.equal(site.status?.endpoints, undefined);
    assert.equal(site.status?.defaultIssuer, "skupper-site-ca");
    assert.equal(findCondition(site, "Ready")?.observedGeneration, 1);
    assert.deepEqual(parseResource("Site", site, "the test"), site);
  }));

test("a site with link access is ready once a controller runs and an address is known", () =>
  withDataHome(async (home) => {
    await makeSite(home);
    assert.deepEqual(describe(await siteOf(home, "west")), {
      status: "Pending",
      message: "No controller is running",
      conditions: [
        "Configured True",
        "Ready False",
        "Serving False",
        "Resolved False",
        "Running False",
      ],
    });
    home.controllerSince = startedAt;
    assert.equal(
      (await siteOf(home, "west")).status?.message,
      "No address that remote sites can reach is known, give one with --link-host",
    );
    await makeSite(home, undefined, ["127.0.0.1"]);
    const site = await siteOf(home, "west");
    assert.equal(describe(site).status, "Ready");
    assert.equal(findCondition(site, "Serving")?.lastTransitionTime, startedAt);
    const access = await home.open("west").platform.get("RouterAccess", "west", signal);
    const port = (name: string) =>
      String(access?.spec?.roles.find((role) => role.name === name)?.port);
    assert.deepEqual(site.status?.endpoints, [
      {
        name: "inter-router",
        host: "127.0.0.1",
        port: port("inter-router"),
        group: "skupper-router",
      },
      { name: "edge", host: "127.0.0.1", port: port("edge"), group: "skupper-router" },
    ]);
    assert.deepEqual(access?.status?.endpoints, site.status?.endpoints);
    assert.equal(access?.status?.status, "Ready");
  }));

test("the status of a site is the same as long as nothing happens", () =>
  withDataHome(async (home) => {
    await makeSite(home, undefined, ["127.0.0.1"]);
    const site = await siteOf(home, "west");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.deepEqual(await siteOf(home, "west"), site);
  }));

test("a site without a complete certificate authority is not configured", () =>
  withDataHome(async (home) => {
    await makeSite(home, {});
    await rm(join(home.open("west").paths.inputIssuers, "skupper-site-ca", "tls.key"));
    assert.deepEqual(describe(await siteOf(home, "west")), {
      status: "Pending",
      message: "No controller is running, which makes the site's certificate authority",
      conditions: ["Configured False", "Ready False", "Running False"],
    });
  }));

test("addresses that mean nothing elsewhere are no endpoints", () =>
  withDataHome(async (home) => {
    home.controllerSince = startedAt;
    await makeSite(home);
    const { platform } = home.open("west");
    const access = (await platform.get("RouterAccess", "west", signal))!;
    access.spec!.subjectAlternativeNames = ["0.0.0.0", "::", "fe80::1", "192.0.2.7"];
    await platform.apply<"RouterAccess">(access, signal);
    const hosts = (await siteOf(home, "west")).status?.endpoints?.map(({ host }) => host);
    assert.deepEqual(hosts, ["192.0.2.7", "192.0.2.7"]);
  }));

test("a link is configured when its credentials are there, and not operational without a router", () =>
  withDataHome(async (home) => {
    await makeSite(home, {});
    const { platform } = home.open("west");
    const endpoints = [{ name: "inter-router", host: "127.0.0.1", port: "55671" }];
    const messageOf = async () => (await platform.get("Link", "east", signal))?.status?.message;
    await platform.apply<"Link">({
      apiVersion,
      kind: "Link",
      metadata: { name: "east" },
      spec: { endpoints, tlsCredentials: "east" },
    }, signal);
    assert.equal(await messageOf(), 'Secret "east" does not exist');
    const putSecret = (data: Record<string, string>) =>
      platform.apply<"Secret">(
        { apiVersion: "v1", kind: "Secret", metadata: { name: "east" }, data },
        signal,
      );
    await putSecret({ "ca.crt": "YQ==", "tls.crt": "" });
    assert.equal(await messageOf(), 'Secret "east" lacks tls.crt, tls.key');
    await putSecret({ "ca.crt": "YQ==", "tls.crt": "YQ==", "tls.key": "YQ==" });
    assert.deepEqual(describe((await platform.get("Link", "east", signal))!), {
      status: "Pending",
      message: "Not operational",
      conditions: ["Configured True", "Ready False", "Operational False"],
    });
  }));
