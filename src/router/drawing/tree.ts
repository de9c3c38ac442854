import { describeFault, linkFault } from "../link_fault.ts";
import type { NetworkLink, NetworkMap, NetworkSite } from "../network_map.ts";

/**
 * The network as a tree, from the site that was asked on: each link once, at the site that is
 * nearer. What no link leads to stands by itself.
 */
export function drawTree({ sites, links }: NetworkMap): string {
  const seen = new Set<string>();
  const drawn = new Set<NetworkLink>();
  const roots = sites.toSorted((a, b) => Number(b.here ?? false) - Number(a.here ?? false));
  return roots.flatMap((site) => seen.has(site.key) ? [] : branch(site, "")).join("\n");

  function branch(site: NetworkSite, indent: string): string[] {
    seen.add(site.key);
    const own = links.filter((link) => link.from === site.key || link.to === site.key)
      .filter((link) => !drawn.has(link));
    own.forEach((link) => drawn.add(link));
    const lines = [describeSite(site)];
    own.forEach((link, index) => {
      const isLast = index === own.length - 1;
      const otherKey = link.from === site.key ? link.to : link.from;
      const other = sites.find(({ key }) => key === otherKey);
      const arrow = link.state === "down" ? "✗─" : link.from === site.key ? "─▶" : "◀─";
      const next = `${indent}${isLast ? "   " : "│  "}`;
      const [head, ...rest] = other === undefined || seen.has(other.key)
        ? [other === undefined ? link.address ?? "somewhere" : other.name]
        : branch(other, next);
      lines.push(`${indent}${isLast ? "└" : "├"}${arrow} ${head}  ${describeLink(link)}`, ...rest);
    });
    return lines;
  }
}

function describeSite({ name, namespace, platform, version, here, answered }: NetworkSite): string {
  const place = [platform, version].filter((part) => part !== undefined).join(" ");
  const notes = [
    ...(place === "" ? [] : [place]),
    ...(namespace === undefined || namespace === name ? [] : [`namespace ${namespace}`]),
    ...(here ? ["this site"] : []),
    ...(answered === false ? ["its router does not answer"] : []),
  ];
  return notes.length === 0 ? name : `${name} (${notes.join(", ")})`;
}

/** A link in words: what it is called, what it costs, and what is wrong with it. */
function describeLink({ name, cost, role, state, message }: NetworkLink): string {
  const facts = [
    `link ${name}`,
    ...(cost === undefined ? [] : [`cost ${cost}`]),
    ...(role === "edge" ? ["edge"] : []),
  ].join(", ");
  if (state === "operational") return facts;
  const why = message === undefined ? undefined : describeFault(linkFault(message)) ?? message;
  return `${facts}: down${why === undefined ? "" : `, ${why}`}`;
}
