import { readFileSync, statSync } from "node:fs";
import { type AppError, appError, isAppError } from "../../../src/errors/app_error.ts";
import { type PlainDocument, readResources } from "../../../src/resources/yaml.ts";
import { explainSystemError, systemErrorCode } from "../../../src/runtime/system_error.ts";
import { type DocumentText, splitDocuments } from "../../../src/resources/document_text.ts";

/** A resource file as it was read. Several callers share it, so nobody may change it. */
export interface ParsedFile {
  readonly file: string;
  readonly text: string;
  /** When the file was changed last, in milliseconds since 1970, and which file it is. */
  readonly changedMs: number;
  readonly inode: number;
  /** When it was put where it is, or changed: a time that no program sets. */
  readonly placedMs: number;
  readonly documents: readonly ParsedDocument[];
}

/** One document of a file: its content, unless it is empty or broken. */
export interface ParsedDocument {
  readonly document: DocumentText;
  readonly content?: PlainDocument | undefined;
  readonly problem?: AppError;
}

const maxBytes = 1024 * 1024;

/** Files that were read, by path, with what tells whether they are still the same. */
const known = new Map<string, Known>();

interface Known {
  identity: string;
  parsed: ParsedFile;
  /** False for one that may have been changed since without looking so. */
  isSettled: boolean;
}

const maxKnown = 5000;

/**
 * A file changed twice within a tick of its file system's clock may look the same: one changed this
 * short a time ago is read again, and parsed if its text is another.
 */
const settledMs = 2000;

/**
 * Reads and parses a file, unless it was and is the same since; undefined if it doesn't exist.
 * Synchronous, as a small file is read faster than a thread is asked to. Throws `not-readable`, and
 * `resource-invalid` for what can be no resource file.
 */
export function readParsedFile(file: string): ParsedFile | undefined {
  try {
    const found = statSync(file);
    // a pipe with that name would be waited for without end
    if (!found.isFile()) throw invalid(file, "it is not a regular file");
    if (found.size > maxBytes) throw invalid(file, `it exceeds ${maxBytes} bytes`);
    const identity = `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    const before = known.get(file);
    const isSame = before?.identity === identity;
    if (isSame && before.isSettled) return before.parsed;
    const isSettled = Date.now() - found.ctimeMs > settledMs;
    const text = readFileSync(file, "utf8");
    const parsed = isSame && before.parsed.text === text ? before.parsed : {
      file,
      text,
      changedMs: found.mtimeMs,
      inode: found.ino,
      placedMs: found.ctimeMs,
      documents: parse(file, text),
    };
    remember(file, { identity, parsed, isSettled });
    return parsed;
  } catch (cause) {
    known.delete(file);
    if (isAppError(cause)) throw cause;
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw appError("not-readable", { path: file, why: explainSystemError(cause) }, { cause });
  }
}

function remember(file: string, entry: Known): void {
  known.delete(file);
  known.set(file, entry);
  // a map keeps its order: the first was read longest ago
  if (known.size > maxKnown) known.delete(known.keys().next().value!);
}

function parse(file: string, text: string): ParsedDocument[] {
  return splitDocuments(text).map((document): ParsedDocument => {
    try {
      return { document, content: readDocument(document, file) };
    } catch (problem) {
      if (!isAppError(problem)) throw problem;
      return { document, problem };
    }
  });
}

/** The document's content, if it has any; errors name the line of the file. */
function readDocument(document: DocumentText, file: string): PlainDocument | undefined {
  const [content, ...more] = readResources("\n".repeat(document.linesBefore) + document.text, file);
  if (more.length > 0) throw invalid(file, `documents must be separated by "---"`);
  return content;
}

function invalid(where: string, why: string): AppError {
  return appError("resource-invalid", { where, why });
}
