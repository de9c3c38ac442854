import { CredentialMaker } from "../../src/grant_service/client_credentials.ts";
import type { LinkMaker } from "../../src/platform/abilities.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { apiVersion } from "../../src/resources/resource.ts";
import { parseResource, readResources } from "../../src/resources/yaml.ts";
import { grantBacking } from "./grant_backing.ts";
import type { NamespacePaths } from "./paths.ts";

/** Makes links to a namespace's site as its grants do, without one; `platform` is its store. */
export function linkMaker(paths: NamespacePaths, platform: Platform): LinkMaker {
  return {
    async make(name, signal) {
      signal.throwIfAborted();
      const grant = { apiVersion, kind: "AccessGrant", metadata: { name } } as const;
      const backing = grantBacking(paths, platform);
      const request = { name, subject: name, signedAt: Date.now() };
      const { body } = await new CredentialMaker().make(grant, backing, request);
      const where = `link "${name}"`;
      const [secret, ...links] = readResources(body, where);
      return {
        secret: parseResource("Secret", secret, where),
        links: links.map((link) => parseResource("Link", link, where)),
      };
    },
  };
}
