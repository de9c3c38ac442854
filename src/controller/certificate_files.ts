import {
  type BroughtTexts,
  type CertificatePlace,
  type CertificateTerms,
  unusable,
} from "../grant_service/brought_certificate.ts";
import { BroughtIdentity } from "../grant_service/brought_identity.ts";
import { systemAuthorities } from "../pki/system_authorities.ts";
import type { CertificateFiles } from "../platform/controller_options.ts";
import { modeOpenToAll } from "../runtime/file_mode.ts";
import { readLimited } from "../runtime/files.ts";

/** Far more than any chain needs. */
const maxBytes = 1024 * 1024;

/**
 * The certificate in the files that the user names; undefined where none is named. Throws
 * `file-not-found`, `not-readable`, `file-too-large`, and `certificate-unusable` for one that no
 * redeemer would take, or whose key others of this machine can read.
 */
export async function openCertificateFiles(
  { certificate: files, grantHost }: {
    certificate?: CertificateFiles;
    grantHost?: string | undefined;
  },
  env: Record<string, string | undefined>,
  readings: CertificateTerms["readings"] = () => [Date.now()],
): Promise<BroughtIdentity | undefined> {
  if (files === undefined) return undefined;
  const terms = { host: grantHost, pinsNone: files.authorities === "system", readings };
  return await BroughtIdentity.open(certificatePlace(files), certificateTerms(terms, env));
}

/** The terms, with the authorities that this system trusts. */
export function certificateTerms(
  terms: Omit<CertificateTerms, "systemAuthorities">,
  env: Record<string, string | undefined>,
): CertificateTerms {
  return { ...terms, systemAuthorities: () => systemAuthorities(env) };
}

function certificatePlace({ certificate, key, authorities }: CertificateFiles): CertificatePlace {
  const named = authorities === "system" ? undefined : authorities;
  return {
    name: certificate,
    ...(named === undefined ? {} : { authoritiesName: named }),
    async read(): Promise<BroughtTexts> {
      const texts = {
        certificate: await readText(certificate),
        privateKey: await readText(key),
        ...(named === undefined ? {} : { authorities: await readText(named) }),
      };
      await refuseExposed(key);
      return texts;
    },
  };
}

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readLimited(path, maxBytes));
}

/** A key that everybody can read is no secret. */
async function refuseExposed(key: string): Promise<void> {
  const mode = await modeOpenToAll(key);
  if (mode === undefined) return;
  throw unusable(
    key,
    `every user of this machine can read the key in it (mode ${mode})`,
    `chmod o= ${key}`,
  );
}
