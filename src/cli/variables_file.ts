import { Buffer } from "node:buffer";
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { appError, isAppError } from "../errors/app_error.ts";
import { readLimited, writeWhole } from "../runtime/files.ts";
import { writeAll } from "./descriptor.ts";

/** Larger than any file of variables. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Appends whole lines to a file: behind a line that lacks its end, and all of them or none. Throws
 * the system's error.
 */
export function appendLines(file: string, lines: string): void {
  const lineEnd = Buffer.from("\n");
  const descriptor = openSync(file, "a+", 0o600);
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1, "\n");
    if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
    try {
      writeAll(descriptor, Buffer.from(`${last.equals(lineEnd) ? "" : "\n"}${lines}`));
    } catch (error) {
      ftruncateSync(descriptor, size);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Sets variables in a file of `NAME=value` lines and keeps the others. Throws `not-writable`, of a
 * value of several lines too.
 */
export async function setVariables(file: string, variables: [string, string][]): Promise<void> {
  const before = (await readVariables(file)).split("\n")
    .filter((line) => line !== "" && !variables.some(([name]) => line.startsWith(`${name}=`)));
  const after = variables.map(([name, value]) => {
    // a NUL would end it for who reads the file
    if (/[\r\n\0]/.test(value)) {
      const why = "it takes no value of several lines, and none with a NUL";
      throw appError("not-writable", { path: file, why });
    }
    return `${name}=${value}`;
  });
  const text = [...before, ...after].map((line) => `${line}\n`).join("");
  await writeWhole(file, text, { mode: 0o600, replace: "always" });
}

async function readVariables(file: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readLimited(file, maxBytes));
  } catch (error) {
    if (isAppError(error, "file-not-found")) return "";
    throw error;
  }
}
