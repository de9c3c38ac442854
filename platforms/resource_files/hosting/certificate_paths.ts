import { lstatSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ControllerOptions } from "../../../src/platform/controller_options.ts";

/** More symbolic links in a row than any system follows. */
const maxHops = 40;

/**
 * The folders that a controller must see to read its certificate, and to read it again after it was
 * replaced: those of the files, and of what they lead to where they are symbolic links.
 */
export function certificateFolders({ certificate: files }: ControllerOptions): string[] {
  if (files === undefined) return [];
  const { certificate, key, authorities } = files;
  const paths = [certificate, key];
  if (authorities !== undefined && authorities !== "system") paths.push(authorities);
  return [...new Set(paths.flatMap(hops).map(dirname))];
}

/** The options, with the certificate's files as they are found from any folder. */
export function withAbsolutePaths<O extends ControllerOptions>(options: O): O {
  const { certificate: files } = options;
  if (files === undefined) return options;
  const { authorities } = files;
  const certificate = {
    certificate: resolve(files.certificate),
    key: resolve(files.key),
    ...(authorities === undefined
      ? {}
      : { authorities: authorities === "system" ? authorities : resolve(authorities) }),
  };
  return { ...options, certificate };
}

/** The path, and each that it leads to. */
function hops(path: string): string[] {
  const found = [path];
  for (let at = path; found.length < maxHops && isLink(at); found.push(at)) {
    at = resolve(dirname(at), readlinkSync(at));
  }
  return found;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false; // the controller says what is wrong with it
  }
}
