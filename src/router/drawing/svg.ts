import type { NetworkLink, NetworkMap, NetworkSite } from "../network_map.ts";
import { type Box, boxHeight, boxWidth, layOut, type Point } from "./layout.ts";

/** How far several links between the same sites lie apart. */
const spread = 56;

/**
 * The network as a picture that stands by itself, for documents and tickets: it needs no fonts, no
 * scripts and nothing from elsewhere, and follows its reader's choice of light or dark.
 */
export function drawSvg(map: NetworkMap): string {
  const { boxes, width, height } = layOut(map);
  const parts = [
    ...map.links.map((link, index) => drawLink(link, index, map.links, boxes)),
    ...[...boxes.values()].map(drawBox),
  ];
  const up = map.links.filter(({ state }) => state === "operational").length;
  const summary = `${map.sites.length} sites, ${map.links.length} links, ${up} of them operational`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">Skupper network</title>
<desc id="desc">${summary}</desc>
<style>
${style}
</style>
<defs>
${["up", "down"].map(marker).join("\n")}
</defs>
<rect class="page" width="100%" height="100%"/>
${parts.join("\n")}
</svg>
`;
}

const style = `.page{fill:#ffffff}
.site{fill:#f6f8fa;stroke:#8c959f;stroke-width:1.5}
.here{fill:#ddf4ff;stroke:#0969da;stroke-width:2.5}
.silent,.nowhere{fill:#ffffff;stroke-dasharray:5 4}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1f2328}
.name{font-size:15px;font-weight:600;text-anchor:middle}
.place{font-size:12px;fill:#59636e;text-anchor:middle}
.label{font-size:12px;text-anchor:middle;paint-order:stroke;stroke:#ffffff;stroke-width:8px;stroke-linejoin:round}
.up{stroke:#1a7f37;stroke-width:2;fill:none}
.down{stroke:#cf222e;stroke-width:2;fill:none;stroke-dasharray:6 5}
text.down{fill:#cf222e;stroke-dasharray:none;stroke:#ffffff;stroke-width:8px}
marker .up{fill:#1a7f37;stroke:none}
marker .down{fill:#cf222e;stroke:none}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117}
.site{fill:#151b23;stroke:#656c76}
.here{fill:#0c2d4d;stroke:#4493f8}
.silent,.nowhere{fill:#0d1117}
text{fill:#f0f6fc}
.place{fill:#9198a1}
.label{stroke:#0d1117}
.up{stroke:#3fb950}
.down{stroke:#f85149}
text.down{fill:#f85149;stroke:#0d1117}
marker .up{fill:#3fb950}
marker .down{fill:#f85149}
}`;

function marker(kind: string): string {
  return `<marker id="${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" ` +
    `markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">` +
    `<path class="${kind}" d="M0 0L10 5L0 10z"/></marker>`;
}

function drawBox({ centre, site, address }: Box): string {
  const x = centre.x - boxWidth / 2;
  const y = centre.y - boxHeight / 2;
  const kind = site === undefined
    ? "site nowhere"
    : site.here
    ? "site here"
    : site.answered === false
    ? "site silent"
    : "site";
  const rect =
    `<rect class="${kind}" x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}" ` +
    `rx="10"/>`;
  if (site === undefined) return `${rect}\n${words("place", centre.x, centre.y + 4, address)}`;
  const place = placeOf(site);
  const nameY = place === "" ? centre.y + 5 : centre.y - 3;
  return [
    rect,
    words("name", centre.x, nameY, site.name, 19),
    ...(place === "" ? [] : [words("place", centre.x, centre.y + 16, place)]),
  ].join("\n");
}

function placeOf({ platform, version, here, answered }: NetworkSite): string {
  const place = [platform, version].filter((part) => part !== undefined).join(" ");
  if (answered === false) return "does not answer";
  return here ? [place, "this site"].filter((part) => part !== "").join(" · ") : place;
}

function drawLink(
  link: NetworkLink,
  index: number,
  links: readonly NetworkLink[],
  boxes: ReadonlyMap<string, Box>,
): string {
  const from = boxes.get(link.from);
  const to = boxes.get(link.to ?? `link ${index}`);
  if (from === undefined || to === undefined) return "";
  const pair = (each: NetworkLink) => [each.from, each.to].toSorted().join("\n");
  const alike = link.to === undefined ? [link] : links.filter((each) => pair(each) === pair(link));
  const shift = (alike.indexOf(link) - (alike.length - 1) / 2) * spread;
  // the same side for both directions
  const side = link.to !== undefined && link.from > link.to ? -shift : shift;
  const bend = bentMiddle(from.centre, to.centre, side);
  const start = edgeOf(from.centre, bend);
  const end = edgeOf(to.centre, bend);
  const kind = link.state === "operational" ? "up" : "down";
  const d = `M${at(start)}Q${at(bend)} ${at(end)}`;
  const label = { x: (start.x + 2 * bend.x + end.x) / 4, y: (start.y + 2 * bend.y + end.y) / 4 };
  const cost = link.cost === undefined ? "" : ` · ${link.cost}`;
  const text = `${link.name}${cost}${kind === "down" ? " · down" : ""}`;
  return `<path class="${kind}" d="${d}" marker-end="url(#${kind})"/>\n` +
    words(`label ${kind === "down" ? "down" : ""}`.trim(), label.x, label.y + 4, text, 28);
}

function bentMiddle(a: Point, b: Point, by: number): Point {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  return {
    x: (a.x + b.x) / 2 + (-(b.y - a.y) / length) * by,
    y: (a.y + b.y) / 2 + ((b.x - a.x) / length) * by,
  };
}

/** Where the way from a box' middle to a point leaves the box. */
function edgeOf(centre: Point, towards: Point): Point {
  const dx = towards.x - centre.x;
  const dy = towards.y - centre.y;
  const reach = Math.max(
    Math.abs(dx) / (boxWidth / 2 + 4),
    Math.abs(dy) / (boxHeight / 2 + 4),
    0.01,
  );
  return { x: centre.x + dx / reach, y: centre.y + dy / reach };
}

function at({ x, y }: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

/** Text of anybody's, none of which is markup, cut to what has room. */
function words(kind: string, x: number, y: number, text: string, most = 27): string {
  const cut = [...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text;
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}">${
    escapeMarkup(cut)
  }</text>`;
}

/** XML holds neither control characters nor halves of others, nor U+FFFE and U+FFFF. */
function escapeMarkup(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\uFFFE\uFFFF]/gu, "�").replaceAll(
    /[&<>"']/g,
    (character) => `&#${character.codePointAt(0)};`,
  );
}
