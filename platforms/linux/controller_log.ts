import { Buffer } from "node:buffer";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { longestLog } from "../resource_files/hosting/short_log.ts";

/** The log of a controller that is started. */
export interface ControllerLog {
  /** The file to append to while it is open here. */
  readonly fd: number;
  /** What was appended since it was opened here. */
  read(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens the log, mode 0600; one that is too long becomes `<path>.1` first, in the place of its
 * forerunner.
 */
export async function openLog(path: string): Promise<ControllerLog> {
  const length = await stat(path).then(({ size }) => size, () => 0);
  if (length > longestLog) await rename(path, `${path}.1`);
  const file = await open(path, "a+", 0o600);
  const start = (await file.stat()).size;
  return { fd: file.fd, read: () => readFrom(file, start), close: () => file.close() };
}

async function readFrom(file: FileHandle, start: number): Promise<string> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(Math.max(0, size - start)); // somebody may have emptied it
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  return buffer.toString("utf8", 0, bytesRead);
}
