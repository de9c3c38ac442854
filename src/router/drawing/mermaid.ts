import type { NetworkMap } from "../network_map.ts";

/** The network as a flow chart of Mermaid, for documents that draw such. */
export function drawMermaid({ sites, links }: NetworkMap): string {
  const ids = new Map(sites.map(({ key }, index) => [key, `s${index}`]));
  const lines = ["flowchart LR"];
  for (const { key, name, platform, version, here } of sites) {
    const place = [platform, version].filter((part) => part !== undefined).join(" ");
    const label = [name, ...(place === "" ? [] : [place])].map(escapeLabel).join("<br/>");
    lines.push(`  ${ids.get(key)}["${label}"]${here ? ":::here" : ""}`);
  }
  links.forEach(({ name, from, to, cost, state, address = "" }, index) => {
    const target = to === undefined ? `n${index}` : ids.get(to)!;
    if (to === undefined) {
      lines.push(`  ${target}(["${escapeLabel(address || "somewhere")}"]):::nowhere`);
    }
    const words = [name, ...(cost === undefined ? [] : [`cost ${cost}`])];
    const label = escapeLabel([...words, ...(state === "down" ? ["down"] : [])].join(", "));
    const arrow = state === "down" ? "-.->" : "-->";
    lines.push(`  ${ids.get(from)} ${arrow}|"${label}"| ${target}`);
  });
  lines.push("  classDef here stroke-width:3px", "  classDef nowhere stroke-dasharray:4");
  return `${lines.join("\n")}\n`;
}

/** Text of anybody's as a label: none of it is Mermaid or HTML. */
function escapeLabel(text: string): string {
  return text.replaceAll(
    /[^\p{L}\p{N} .,:_\-/()]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}
