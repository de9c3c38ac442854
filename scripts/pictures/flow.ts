import { escapeXml, type Palette } from "./palette.ts";

const width = 880;
const height = 372;
const sans = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
const mono = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";

/** The two sites: where their boxes begin, and how wide they are. */
const west = 16;
const east = 604;
const siteWidth = 260;
const inner = 20;
/** Where the arrows between the sites begin and end. */
const from = west + siteWidth - inner;
const to = east + inner;
const middle = (from + to) / 2;

/** The way from a token to a link, as an SVG of its own. */
export function drawFlow(colours: Palette): string {
  const parts = [
    site(west, "west", "takes links", colours),
    site(east, "east", "makes the link", colours),
    step(west, 78, "hawser token issue", "a grant: N uses, 15 minutes", colours.token, colours),
    step(east, 78, "hawser token redeem", "reads url, code, authority", colours.token, colours),
    arrow(107, { colour: colours.token, dash: "2 6", end: "right" }),
    label(107, "1", "token", "a file, a pipe, or sealed", colours.token, colours),
    step(west, 168, "grant service", "counts uses, signs certificates", colours.request, colours),
    step(east, 168, "a key of its own", "never leaves the site", colours.request, colours),
    arrow(188, { colour: colours.request, end: "left" }),
    arrow(206, { colour: colours.request, end: "right" }),
    label(188, "2", "code, certificate request", "", colours.request, colours),
    below(206, "certificate", colours.request),
    step(west, 258, "router", "trusts what the site signed", colours.link, colours),
    step(east, 258, "router", "connects with the certificate", colours.link, colours),
    arrow(287, { colour: colours.link, wide: true, end: "both" }),
    label(287, "3", "link", "mutual TLS, for as long as you like", colours.link, colours),
    text(
      width / 2,
      358,
      "A redemption that fails costs no use. A token for N uses never yields N+1.",
      {
        fill: colours.muted,
        size: 13,
        anchor: "middle",
      },
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" \
width="${width}" height="${height}" role="img" aria-labelledby="title desc" font-family="${sans}">
<title id="title">From a token to a link</title>
<desc id="desc">Site west issues a token. It travels to site east, which redeems it at west's grant \
service for a certificate, and links to west with that.</desc>
<defs>
${head(colours.token, 11)}
${head(colours.request, 11)}
${head(colours.link, 17)}
</defs>
${parts.join("\n")}
</svg>
`;
}

function site(x: number, name: string, what: string, { card, edge, text: fill, muted }: Palette) {
  return [
    `<rect x="${x}" y="10" width="${siteWidth}" height="324" rx="12" fill="${card}" \
stroke="${edge}"/>`,
    text(x + inner, 44, name, { fill, size: 18, weight: 600 }),
    text(x + siteWidth - inner, 44, what, { fill: muted, size: 13, anchor: "end" }),
  ].join("\n");
}

function step(
  x: number,
  y: number,
  title: string,
  what: string,
  colour: string,
  { muted, text: fill }: Palette,
): string {
  const isCommand = title.startsWith("hawser ");
  return [
    `<rect x="${x + inner}" y="${y - 18}" width="${siteWidth - 2 * inner}" height="64" rx="8" \
fill="${colour}" fill-opacity="0.08" stroke="${colour}" stroke-opacity="0.5"/>`,
    text(x + inner + 14, y + 8, title, {
      fill,
      size: isCommand ? 13 : 14,
      weight: 600,
      family: isCommand ? mono : sans,
    }),
    text(x + inner + 14, y + 30, what, { fill: muted, size: 12.5 }),
  ].join("\n");
}

function arrow(
  y: number,
  { colour, dash, wide, end }: {
    colour: string;
    dash?: string;
    wide?: true;
    end: "left" | "right" | "both";
  },
): string {
  const [x1, x2] = [from + 10, to - 10];
  const id = colour.slice(1);
  const start = end === "right" ? "" : ` marker-start="url(#head-${id})"`;
  const stop = end === "left" ? "" : ` marker-end="url(#head-${id})"`;
  return `<line x1="${x1}" y1="${y}" x2="${x2}" y2="${y}" stroke="${colour}" \
stroke-width="${wide ? 5 : 2}" stroke-linecap="round"${
    dash === undefined ? "" : ` stroke-dasharray="${dash}"`
  }${start}${stop}/>`;
}

/** What an arrow stands for, above it, with its number; and more of it below. */
function label(
  y: number,
  number: string,
  title: string,
  more: string,
  colour: string,
  colours: Palette,
): string {
  const left = middle - title.length * 3.6 - 6;
  return [
    `<circle cx="${left - 8}" cy="${y - 18}" r="10" fill="${colour}"/>`,
    text(left - 8, y - 13.5, number, {
      fill: colours.card,
      size: 12.5,
      weight: 700,
      anchor: "middle",
    }),
    text(left + 8, y - 13, title, { fill: colour, size: 14, weight: 600 }),
    more === "" ? "" : text(middle, y + 22, more, {
      fill: colours.muted,
      size: 12.5,
      anchor: "middle",
    }),
  ].filter(Boolean).join("\n");
}

function below(y: number, title: string, colour: string): string {
  return text(middle, y + 21, title, { fill: colour, size: 14, weight: 600, anchor: "middle" });
}

function head(colour: string, size: number): string {
  return `<marker id="head-${colour.slice(1)}" viewBox="0 0 10 10" refX="7" refY="5" \
markerWidth="${size}" markerHeight="${size}" markerUnits="userSpaceOnUse" orient="auto-start-reverse">\
<path d="M0 0 10 5 0 10z" fill="${colour}"/></marker>`;
}

function text(
  x: number,
  y: number,
  content: string,
  { fill, size, weight = 400, anchor = "start", family }: {
    fill: string;
    size: number;
    weight?: number;
    anchor?: "start" | "middle" | "end";
    family?: string;
  },
): string {
  return `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}" font-weight="${weight}" \
text-anchor="${anchor}"${family === undefined ? "" : ` font-family="${family}"`}>${
    escapeXml(content)
  }</text>`;
}
