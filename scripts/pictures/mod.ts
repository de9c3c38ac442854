import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../build.ts";
import { drawFlow } from "./flow.ts";
import { palettes } from "./palette.ts";
import { drawTerminal } from "./terminal.ts";

/** Where the pictures of README are. */
export const pictures: string = path.join(root, "docs/pictures");

/** The picture of the way from a token to a link, by file name. */
export function flowPictures(): Record<string, string> {
  return inBoth("flow", drawFlow);
}

/** The picture of a terminal that the demo has run in, by file name. */
export function demoPictures(transcript: string): Record<string, string> {
  return inBoth("demo", (colours) => drawTerminal("The demo of hawser", transcript, colours));
}

/** Writes pictures, by file name. */
export function writePictures(files: Record<string, string>, folder: string = pictures): void {
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, svg] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), svg);
}

function inBoth(
  name: string,
  draw: (colours: (typeof palettes)["light"]) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(palettes).map(([scheme, colours]) => [`${name}-${scheme}.svg`, draw(colours)]),
  );
}

if (import.meta.main) writePictures(flowPictures());
