import { type Component, purl } from "./components.ts";
import type { Origin } from "./origin.ts";

/** A file of a release. */
export interface ReleasedFile {
  name: string;
  sha256: string;
}

/**
 * What the files were made from and how: an in-toto statement (in-toto Attestation 1.0) with SLSA's
 * provenance 1.0. It says no time and no machine, since the same commit gives the same bytes
 * anywhere. `builder` is a URI that stands for whoever built; who that was is shown by a signature.
 */
export function describeProvenance(
  files: ReleasedFile[],
  components: Component[],
  origin: Origin,
  builder: string,
  repository: string,
): unknown {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: `${repository}/blob/main/RELEASING.md`,
        externalParameters: { source: `git+${repository}@${origin.commit}`, task: "release" },
        internalParameters: { SOURCE_DATE_EPOCH: origin.committed },
        resolvedDependencies: [
          { uri: `git+${repository}`, digest: { gitCommit: origin.commit } },
          ...components.map((one) => ({ uri: purl(one), digest: { sha512: one.sha512 } })),
        ],
      },
      runDetails: { builder: { id: builder } },
    },
  };
}
