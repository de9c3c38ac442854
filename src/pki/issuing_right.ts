import { readFields } from "./certificate_fields.ts";
import { objectIdentifier } from "./der.ts";
import { type DerElement, isSame, readInside } from "./der_reader.ts";
import { clientPurposes, findExtension } from "./extensions.ts";

/**
 * Why the authority can't have another one below it that signs clients, as words after "it";
 * undefined if it can. What is not known for certain counts as forbidden, for a router would refuse
 * the client. Throws an Error if the text holds no certificate that can be read.
 */
export function whyNoIssuing(certificatePem: string): string | undefined {
  const { issuer, subject, extensions } = readFields(certificatePem);
  // what stands above it may allow no further level, and is not at hand
  if (!isSame(issuer, subject)) return "is below another authority";
  const length = pathLength(findExtension(extensions, "basicConstraints"));
  if (length !== undefined && length < 1) {
    return "allows no authority below it (its path length is 0)";
  }
  if (findExtension(extensions, "nameConstraints") !== undefined) return "constrains names";
  if (findExtension(extensions, "policyConstraints") !== undefined) return "constrains policies";
  const purposes = findExtension(extensions, "extendedKeyUsage");
  const wanted = clientPurposes.map(objectIdentifier);
  const isForClients = purposes === undefined ||
    readInside(0x30, purposes).some(({ whole }) => wanted.some((each) => isSame(whole, each)));
  return isForClients ? undefined : "is not for clients";
}

/** How many authorities there may be below it; undefined if any number (RFC 5280 4.2.1.9). */
function pathLength(constraints: DerElement | undefined): number | undefined {
  const number = constraints && readInside(0x30, constraints).find(({ tag }) => tag === 2);
  return number?.contents.reduce((sum, byte) => sum * 256 + byte, 0);
}
