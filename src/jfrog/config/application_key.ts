import { Buffer } from "node:buffer";
import { isAppError } from "../../errors/app_error.ts";
import { readLimited } from "../../runtime/files.ts";

/** Where a project says which application of JFrog it is, below the working folder. */
const file = ".jfrog/config.yml";
const maxBytes = 1024 * 1024;

/**
 * The application's key in the working folder's `.jfrog/config.yml` (docs/spec/jfrog.md 5.1);
 * undefined where there is none. Throws `not-readable`, `file-too-large` and `resource-invalid`.
 */
export async function projectApplicationKey(signal: AbortSignal): Promise<string | undefined> {
  let text;
  try {
    text = Buffer.from(await readLimited(file, maxBytes, signal)).toString("utf8");
  } catch (error) {
    if (isAppError(error, "file-not-found")) return undefined;
    throw error;
  }
  const { readResources } = await import("../../resources/yaml.ts");
  const [{ application } = {}] = readResources(text, file, { untrusted: true });
  const { key } = (application ?? {}) as { key?: unknown }; // any YAML may stand there
  return typeof key === "string" && key !== "" ? key : undefined;
}
