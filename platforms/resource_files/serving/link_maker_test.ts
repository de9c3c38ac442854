import assert from "node:assert/strict";
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isSignedBy, readCertificate } from "../../../src/pki/certificate.ts";
import { secretText } from "../../../src/resources/secret.ts";
import { newSite, withDataHome } from "../../../test/fakes/data_home.ts";
import { hashFolder } from "../../../test/fakes/folder_hash.ts";
import { machineOf } from "../../../test/fakes/machine.ts";
import { siteInput, systemStart } from "../../../test/fakes/system_start.ts";
import { fileLinkMaker } from "./link_maker.ts";

const signal = new AbortController().signal;

test("make() gives a link with a certificate of its own, also where upstream started the site", () =>
  withDataHome(async ({ home, open }) => {
    const { paths, platform } = open("west");
    const machine = await machineOf(home, "west");
    siteInput(machine, "west");
    await systemStart(machine);
    const untouched = hashFolder(home);
    const maker = fileLinkMaker(paths, platform);
    const certificates = new Set<string>();
    for (const name of ["north", "north", "south"]) {
      const { secret, links } = await maker.make(name, signal);
      assert.equal(secret.metadata.name, name);
      assert.deepEqual(links.map(({ metadata, spec }) => [metadata.name, spec]), [[name, {
        endpoints: [
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
        ],
        tlsCredentials: name,
      }]]);
      const certificate = secretText(secret, "tls.crt")!;
      const path = join(paths.runtimeIssuers, "skupper-site-ca", "tls.crt");
      const authority = await readFile(path, "utf8");
      assert.equal(secretText(secret, "ca.crt"), authority);
      assert.ok(isSignedBy(certificate, authority));
      assert.match(secretText(secret, "tls.key")!, /PRIVATE KEY/);
      assert.equal(readCertificate(certificate).subject, name);
      certificates.add(certificate);
    }
    assert.equal(certificates.size, 3);
    assert.equal(hashFolder(home), untouched);
  }));

test("make() of a namespace without a site says so", () =>
  withDataHome(async ({ open }) => {
    const { paths, platform, founder } = open("west");
    const maker = fileLinkMaker(paths, platform);
    await assert.rejects(maker.make("north", signal), /there is no site in namespace "west"/);
    await founder.found(newSite("west"), [], signal);
    await platform.apply(newSite("west"), signal);
    await assert.rejects(maker.make("north", signal), /No valid endpoints/);
  }));
