import { apiVersion } from "../resources/resource.ts";
import type { Link } from "../resources/link.ts";
import type { LinkState } from "./link_state.ts";
import type { RouterView } from "./router_view.ts";

/** A Link with what the site's router says of it, where a router can be asked. */
export type LinkWithRouter = Link & { router?: LinkState };

/** A Link beside what the router says of it. */
export function withRouter(link: Link, view: RouterView | undefined): LinkWithRouter {
  if (view === undefined) return link;
  return { ...link, router: linkStateOf(link.metadata.name, view) };
}

/**
 * The Links of a site, and those that its router has though the site has them no longer. `command`
 * has the router take up what the site is now.
 */
export function linksWithRouter(
  links: readonly Link[],
  view: RouterView | undefined,
  command: string | undefined,
): LinkWithRouter[] {
  if (view === undefined) return [...links];
  const names = new Set(links.map(({ metadata }) => metadata.name));
  const left = [...view.links].filter(([name]) => !names.has(name));
  return [
    ...links.map((link) => withRouter(link, view)),
    ...left.map(([name, state]): LinkWithRouter => ({
      apiVersion,
      kind: "Link",
      metadata: { name },
      status: {
        status: "Error",
        message: `Deleted, and the router still has it${
          command === undefined ? "" : `, "${command}" ends it`
        }`,
      },
      router: { ...state, state: "deleted" },
    })),
  ];
}

/** What a view of the router says of the link of that name. */
export function linkStateOf(name: string, view: RouterView): LinkState {
  switch (view.state) {
    case "running":
      return view.links.get(name) ?? { state: "absent" };
    case "stopped":
      return { state: "down" };
    case "unknown":
      return { state: "unknown", ...(view.why === undefined ? {} : { message: view.why }) };
  }
}
