import { createHash } from "node:crypto";
import { version } from "../../src/version.ts";
import { type Component, purl } from "./components.ts";
import type { Origin } from "./origin.ts";

const license = "Apache-2.0";

/** What is in the executable, as CycloneDX 1.6 says it (ECMA-424). */
export function describeInCycloneDx(components: Component[], origin: Origin): unknown {
  const own = purl({ name: "hawser", version });
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(origin)}`,
    version: 1,
    metadata: {
      timestamp: dateOf(origin),
      component: {
        type: "application",
        "bom-ref": own,
        name: "hawser",
        version,
        licenses: [{ license: { id: license } }],
        purl: own,
        properties: [{ name: "hawser:commit", value: origin.commit }],
      },
    },
    components: components.map((component) => ({
      type: component.name === "bun" ? "platform" : "library",
      "bom-ref": purl(component),
      name: component.name,
      version: component.version,
      hashes: [{ alg: "SHA-512", content: component.sha512 }],
      licenses: [{ license: { id: component.license } }],
      purl: purl(component),
    })),
    dependencies: [
      { ref: own, dependsOn: components.map(purl) },
      ...components.map((component) => ({ ref: purl(component) })),
    ],
  };
}

/** The same as SPDX 2.3 says it (ISO/IEC 5962). */
export function describeInSpdx(components: Component[], origin: Origin): unknown {
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `hawser-${version}`,
    documentNamespace: `urn:uuid:${uuidOf(origin)}`,
    creationInfo: { created: dateOf(origin), creators: [`Tool: hawser-release-${version}`] },
    packages: [
      spdxPackage({ name: "hawser", version, license }, "APPLICATION"),
      ...components.map((component) => ({
        ...spdxPackage(component, "LIBRARY"),
        checksums: [{ algorithm: "SHA512", checksumValue: component.sha512 }],
      })),
    ],
    relationships: [
      relate("SPDXRef-DOCUMENT", "DESCRIBES", spdxId({ name: "hawser", version })),
      ...components.map((one) =>
        relate(spdxId({ name: "hawser", version }), "DEPENDS_ON", spdxId(one))
      ),
    ],
  };
}

function spdxPackage(component: Omit<Component, "sha512">, purpose: string) {
  return {
    SPDXID: spdxId(component),
    name: component.name,
    versionInfo: component.version,
    primaryPackagePurpose: purpose,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: component.license,
    licenseDeclared: component.license,
    copyrightText: "NOASSERTION",
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER",
      referenceType: "purl",
      referenceLocator: purl(component),
    }],
  };
}

/** Two versions of a library may be in the executable. */
function spdxId({ name, version }: Pick<Component, "name" | "version">): string {
  return `SPDXRef-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-").replace(/^-+/, "")}`;
}

function relate(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function dateOf({ committed }: Origin): string {
  return new Date(committed * 1000).toISOString().replace(".000", "");
}

/** A uuid of version 8 (RFC 9562): the same for the same commit. */
function uuidOf({ commit }: Origin): string {
  const hash = createHash("sha256").update(`hawser ${version} ${commit}`).digest("hex");
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`];
  return [...parts, `8${hash.slice(17, 20)}`, hash.slice(20, 32)].join("-");
}
