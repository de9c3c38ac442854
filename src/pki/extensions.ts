import { createHash } from "node:crypto";
import { isIP } from "node:net";
import {
  bitString,
  boolean,
  type Der,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} from "./der.ts";
import { type DerElement, isSame, readElement, readInside } from "./der_reader.ts";

/** Certificate extensions (RFC 5280 4.2.1), by their object identifier. */
export const extensionIds = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyIdentifier: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
} as const;

const purposes = { serverAuth: "1.3.6.1.5.5.7.3.1", clientAuth: "1.3.6.1.5.5.7.3.2" } as const;

/** Purposes of which one suffices for an authority that signs clients, where it names any. */
export const clientPurposes = [purposes.clientAuth, "2.5.29.37.0"] as const;

/** Purposes of which one suffices for a server, where its certificate names any. */
export const serverPurposes = [purposes.serverAuth, "2.5.29.37.0"] as const;

/** What a certificate's holder may do with it. */
export type Purpose = keyof typeof purposes;

const utf8 = new TextEncoder();

/** The extensions of an authority with at most so many below it, one under the other. */
export function authorityExtensions(spki: Uint8Array, pathLength: number): Der[] {
  return [
    critical("basicConstraints", sequence(boolean(true), integer(Uint8Array.of(pathLength)))),
    // bits 5 and 6: keyCertSign, cRLSign
    critical("keyUsage", bitString(Uint8Array.of(0b0000_0110), 1)),
    extension("subjectKeyIdentifier", octetString(keyIdentifier(spki))),
  ];
}

/** The extensions of an authority below another one that signs clients and nothing else. */
export function issuingExtensions(
  spki: Uint8Array,
  issuerKeyIdentifier: Uint8Array | undefined,
): Der[] {
  return [
    critical("basicConstraints", sequence(boolean(true), integer(Uint8Array.of(0)))),
    // bit 5: keyCertSign
    critical("keyUsage", bitString(Uint8Array.of(0b0000_0100), 2)),
    extension("extendedKeyUsage", sequence(objectIdentifier(purposes.clientAuth))),
    extension("subjectKeyIdentifier", octetString(keyIdentifier(spki))),
    ...pointToIssuer(issuerKeyIdentifier),
  ];
}

/** The extensions of a certificate for one purpose, issued under the key of that identifier. */
export function holderExtensions(
  purpose: Purpose,
  issuerKeyIdentifier: Uint8Array | undefined,
  hosts: readonly string[],
): Der[] {
  const extensions = [
    critical("basicConstraints", sequence()),
    // bit 0: digitalSignature
    critical("keyUsage", bitString(Uint8Array.of(0b1000_0000), 7)),
    extension("extendedKeyUsage", sequence(objectIdentifier(purposes[purpose]))),
    ...pointToIssuer(issuerKeyIdentifier),
  ];
  if (hosts.length > 0) {
    extensions.push(extension("subjectAlternativeName", sequence(...hosts.flatMap(hostNames))));
  }
  return extensions;
}

/** The value of an extension in a certificate's list of them, or undefined. */
export function findExtension(
  extensions: DerElement[],
  name: keyof typeof extensionIds,
): DerElement | undefined {
  const wanted = objectIdentifier(extensionIds[name]);
  for (const candidate of extensions) {
    const [identifier, ...others] = readInside(0x30, candidate);
    const value = others.at(-1);
    if (value !== undefined && isSame(identifier?.whole, wanted)) {
      return readElement(value.contents);
    }
  }
  return undefined;
}

function pointToIssuer(keyIdentifier: Uint8Array | undefined): Der[] {
  if (keyIdentifier === undefined) return [];
  return [extension("authorityKeyIdentifier", sequence(implicit(0, keyIdentifier)))];
}

function extension(name: keyof typeof extensionIds, value: Der): Der {
  return sequence(objectIdentifier(extensionIds[name]), octetString(value));
}

function critical(name: keyof typeof extensionIds, value: Der): Der {
  return sequence(objectIdentifier(extensionIds[name]), boolean(true), octetString(value));
}

/**
 * SHA-1 of the key's bits (RFC 5280 4.2.1.2, method 1): it recognises a key, it protects nothing.
 */
function keyIdentifier(spki: Uint8Array): Uint8Array {
  const [, key] = readInside(0x30, readElement(spki));
  return createHash("sha1").update(key!.contents.subarray(1)).digest();
}

/** An address is named as DNS name too, as Skupper does (spec skupper-system-sites 3). */
function hostNames(host: string): Der[] {
  const dnsName = implicit(2, utf8.encode(host));
  return isIP(host) && !host.includes("%") ? [implicit(7, addressBytes(host)), dnsName] : [dnsName];
}

function addressBytes(address: string): Uint8Array {
  if (!address.includes(":")) return Uint8Array.from(address.split("."), Number);
  // the URL parser brings every spelling to hexadecimal groups with at most one gap
  const [before, after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const head = before ? before.split(":") : [];
  const tail = after ? after.split(":") : [];
  const gap = new Array<string>(8 - head.length - tail.length).fill("0");
  return Uint8Array.from(
    [...head, ...gap, ...tail].flatMap((group) => {
      const number = parseInt(group, 16);
      return [number >> 8, number & 0xff];
    }),
  );
}
