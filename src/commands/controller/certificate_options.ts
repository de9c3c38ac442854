import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { fileName } from "../../cli/options.ts";
import { quote } from "../../cli/command_words.ts";
import { appError } from "../../errors/app_error.ts";
import type { CertificateFiles, SecretCertificate } from "../../platform/controller_options.ts";
import { isSubdomain } from "../../resources/names.ts";

/** What a user says of a certificate of the grant service. */
export interface CertificateOptions {
  grantCertificate?: string;
  grantKey?: string;
  grantCa?: string;
}

/** The same in a cluster. */
export interface SecretOptions {
  grantSecret?: string;
}

/** --grant-certificate. */
export function grantCertificateOption() {
  return new Option(
    "--grant-certificate <file>",
    "the grant service's certificate with those above it, in PEM (default: one of its own)",
  ).argParser(fileName);
}

/** --grant-key. */
export function grantKeyOption() {
  return new Option(
    "--grant-key <file>",
    "the key of that certificate, in PEM (default: it is in the certificate's file)",
  ).argParser(fileName);
}

/** --grant-ca. */
export function grantCaOption() {
  return new Option(
    "--grant-ca <file>",
    "the authorities that tokens pin with it, in PEM, or `system` to pin none " +
      "(default: what the certificate leads to)",
  ).argParser(fileName);
}

/** --grant-secret. */
export function grantSecretOption() {
  return new Option(
    "--grant-secret <name>",
    "the Secret with the grant service's certificate, as cert-manager makes it, in the " +
      "controller's namespace (Kubernetes)",
  ).argParser(secretName).conflicts(["grantCertificate", "grantKey"]);
}

function secretName(text: string): string {
  if (isSubdomain(text)) return text;
  throw new InvalidArgumentError("the name of a Secret");
}

/**
 * The Secret; undefined where none is named. Throws `usage` for authorities in a file: those of a
 * Secret are in it.
 */
export function certificateSecret(
  { grantSecret, grantCa }: CertificateOptions & SecretOptions,
): SecretCertificate | undefined {
  if (grantSecret === undefined) return undefined;
  if (grantCa === undefined || grantCa === "system") {
    return { name: grantSecret, pinsNone: grantCa === "system" };
  }
  throw appError("usage", {
    message: "With --grant-secret, --grant-ca can be no file",
    help: "The authorities that tokens pin are in the Secret, as ca.crt.",
  });
}

/**
 * The files; undefined where none is named. Throws `usage` for a
 * key or authorities of no certificate.
 */
export function certificateFiles(
  { grantCertificate, grantKey, grantCa, grantSecret }: CertificateOptions & SecretOptions,
): CertificateFiles | undefined {
  if (grantSecret !== undefined) return undefined;
  if (grantCertificate === undefined) {
    const other = grantKey === undefined ? "--grant-ca" : "--grant-key";
    if (grantKey === undefined && grantCa === undefined) return undefined;
    throw appError("usage", {
      message: `${other} goes with --grant-certificate, which is missing`,
      help: "Name the certificate too, or leave both out.",
    });
  }
  return {
    certificate: grantCertificate,
    key: grantKey ?? grantCertificate,
    ...(grantCa === undefined ? {} : { authorities: grantCa }),
  };
}

/** The words that name the files to a command again. */
export function certificateWords(
  { grantCertificate, grantKey, grantCa }: CertificateOptions,
): string {
  const given = Object.entries({
    "--grant-certificate": grantCertificate,
    "--grant-key": grantKey,
    "--grant-ca": grantCa,
  });
  return given.map(([name, value]) => value === undefined ? "" : ` ${name} ${quote(value)}`).join(
    "",
  );
}
