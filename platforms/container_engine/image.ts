import { appError } from "../../src/errors/app_error.ts";
import type { Engine } from "./engine.ts";
import { executablePath, findImageFiles, hashFiles, packFiles } from "./image_files.ts";

/** Marks images and containers of this program. */
export const applicationLabel = "application=hawser";

/** A name that no registry is asked for. */
const repository = "localhost/hawser";

/** How many characters of a hash tell images apart. */
const tagLength = 16;

/**
 * Name of the image made of this very executable; it is made if the engine has none. `executable`
 * are the words that start this program. Throws `executable-needed` where that is not an executable
 * of its own, `executable-unsuitable`, and what the engine throws; nothing half-made is left then.
 */
export async function provideImage(
  engine: Engine,
  executable: string[],
  signal: AbortSignal,
): Promise<string> {
  const [file, ...rest] = executable;
  if (file === undefined || rest.length > 0) throw appError("executable-needed", {});
  const files = await findImageFiles(file);
  const tag = (await hashFiles(files)).slice(0, tagLength);
  const name = `${repository}:${tag}`;
  if (!await engine.hasImage(name, signal)) {
    await engine.importImage({
      archive: packFiles(files),
      instructions: [`ENTRYPOINT ["${executablePath}"]`, `LABEL ${applicationLabel}`],
      repository,
      tag,
    }, signal);
  }
  return name;
}

/** Removes the images of this program that no container uses. The image of that name stays. */
export async function removeOldImages(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  for (const id of await engine.listOtherImages(applicationLabel, name, signal)) {
    await engine.removeImage(id, signal);
  }
}
