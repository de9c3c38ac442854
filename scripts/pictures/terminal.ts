import { escapeXml, type Palette } from "./palette.ts";

const columns = 96;
const lineHeight = 19;
const padding = 18;
const bar = 34;
const mono = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";

/**
 * A terminal with what was typed and printed, as an SVG: lines that begin with `#` explain, with
 * `$ ` were typed, with `error:` tell what went wrong.
 */
export function drawTerminal(title: string, transcript: string, colours: Palette): string {
  const lines = transcript.trim().split("\n").flatMap((line) => {
    const colour = colourOf(line, colours);
    return wrap(line.trimEnd()).map((text) => ({ text, colour }));
  });
  const width = Math.ceil(columns * 7.85) + 2 * padding;
  const height = bar + 2 * padding + lines.length * lineHeight - 6;
  const dots = [0, 1, 2].map((index) =>
    `<circle cx="${padding + 4 + index * 18}" cy="${bar / 2}" r="5" fill="${colours.edge}"/>`
  );
  const rows = lines.map(({ text, colour }, index) => {
    const y = bar + padding + 10 + index * lineHeight;
    // whoever draws it may take several spaces for one
    const content = escapeXml(text).replaceAll(" ", "\u00a0");
    return text === "" ? "" : `<text x="${padding}" y="${y}" fill="${colour}">${content}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" \
width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escapeXml(title)}</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${colours.card}" \
stroke="${colours.edge}"/>
${dots.join("")}
<g font-family="${mono}" font-size="13">
${rows.filter(Boolean).join("\n")}
</g>
</svg>
`;
}

/** The lines of a terminal that was drawn. */
export function linesOf(svg: string): string[] {
  return Array.from(
    svg.matchAll(/<text x="\d+" y="\d+" fill="[^"]+">([^<]*)<\/text>/g),
    ([, row]) =>
      row!.replaceAll("\u00a0", " ").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll(
        "&amp;",
        "&",
      ),
  );
}

/** The line in rows that fit, broken at spaces. */
function wrap(line: string): string[] {
  if (line.length <= columns) return [line];
  const space = line.lastIndexOf(" ", columns);
  const at = space > 0 ? space : columns;
  return [line.slice(0, at), ...wrap(line.slice(at).trimStart())];
}

function colourOf(line: string, colours: Palette): string {
  if (line.startsWith("#")) return colours.muted;
  if (line.startsWith("$ ")) return colours.request;
  if (line.startsWith("error:")) return colours.error;
  if (/^(hint|done):/.test(line)) return colours.token;
  return colours.text;
}
