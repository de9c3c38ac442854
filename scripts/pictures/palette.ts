/** Colours of a picture. */
export interface Palette {
  card: string;
  edge: string;
  text: string;
  muted: string;
  token: string;
  request: string;
  link: string;
  error: string;
}

/** Colours by the reader's scheme. */
export const palettes: Record<"light" | "dark", Palette> = {
  light: {
    card: "#ffffff",
    edge: "#c8d1da",
    text: "#1f2328",
    muted: "#59636e",
    token: "#9a6700",
    request: "#0969da",
    link: "#1a7f37",
    error: "#cf222e",
  },
  dark: {
    card: "#161b22",
    edge: "#3d444d",
    text: "#e6edf3",
    muted: "#9198a1",
    token: "#d29922",
    request: "#58a6ff",
    link: "#3fb950",
    error: "#ff7b72",
  },
};

/** Text as XML holds it. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
