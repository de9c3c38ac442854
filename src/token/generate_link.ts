import { type LinkMaker, need, type PlatformWithAbilities } from "../platform/abilities.ts";
import { nameAfter } from "../resources/names.ts";
import type { Site } from "../resources/site.ts";
import type { Deadline } from "../wait/deadline.ts";
import { waitFor } from "../wait/wait_for.ts";
import { describeSites, requireOpenSite } from "./issuing_site.ts";

/** What a link is to be like. */
export interface LinkRequest {
  /** Of the Secret and the Links; undefined: the site's, and 5 random characters. */
  name?: string;
  cost?: number;
}

/** Resources that link another site to this one, credentials included. */
export type GeneratedLink = Awaited<ReturnType<LinkMaker["make"]>>;

/**
 * Makes a link to the platform's site with credentials of its own, and stores nothing. Awaits the
 * site's endpoints: the link is as good before the router runs as after. Throws
 * `platform-unsupported`, `site-missing`, `site-edge`, `site-failed`, `link-access-disabled`,
 * `timed-out`, and what the platform throws.
 */
export async function generateLink(
  platform: PlatformWithAbilities,
  { name, cost }: LinkRequest,
  deadline: Deadline,
  progress: (text: string) => void,
): Promise<GeneratedLink> {
  const maker = need(platform, "linkMaker", "generating links");
  progress("Waiting for status...");
  const { metadata } = await awaitEndpoints(platform, deadline);
  const { secret, links } = await maker.make(
    name ?? nameAfter(metadata.name),
    deadline.signal,
  );
  if (cost === undefined) return { secret, links };
  return { secret, links: links.map((link) => ({ ...link, spec: { ...link.spec!, cost } })) };
}

function awaitEndpoints(platform: PlatformWithAbilities, deadline: Deadline): Promise<Site> {
  return waitFor(platform.watch("Site", deadline.signal), {
    what: "the site to have an endpoint for links",
    done(sites) {
      requireOpenSite(sites, platform.namespace, "generate a link");
      return sites.find(({ status }) => (status?.endpoints ?? []).length > 0);
    },
    describe: describeSites,
    resume: "link generate",
  }, deadline);
}
