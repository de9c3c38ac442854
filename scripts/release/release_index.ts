import { version } from "../../src/version.ts";
import type { Origin } from "./origin.ts";
import type { ReleasedFile } from "./provenance.ts";

/** What programs read to find versions: Renovate's custom datasource takes it as it is. */
export interface ReleaseIndex {
  homepage: string;
  sourceUrl: string;
  releases: Release[];
}

interface Release {
  version: string;
  releaseTimestamp: string;
  /** The commit. */
  gitRef: string;
  files: (ReleasedFile & { url: string })[];
}

/**
 * The index with this release, before those of `earlier`. Throws if that has the version already: a
 * release is never replaced.
 */
export function addToIndex(
  earlier: ReleaseIndex | undefined,
  files: ReleasedFile[],
  { commit, committed }: Origin,
  url: string,
  repository: string,
): ReleaseIndex {
  if (earlier?.releases.some((release) => release.version === version)) {
    throw new Error(`The index has version ${version} already: a release is never replaced`);
  }
  const release = {
    version,
    releaseTimestamp: new Date(committed * 1000).toISOString(),
    gitRef: commit,
    files: files.map(({ name, sha256 }) => ({ name, url: `${url}/${name}`, sha256 })),
  };
  return {
    homepage: repository,
    sourceUrl: repository,
    releases: [release, ...earlier?.releases ?? []],
  };
}
