/** Words for what the operating system refused: the end of a sentence like "Cannot write …: ". */
export function explainSystemError(error: unknown): string {
  switch (systemErrorCode(error)) {
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EBUSY":
      return "it is in use, or mounted by itself, so that nothing can be put in its place";
    case "EDQUOT":
      return "the disk quota is used up";
    case "EEXIST":
      return "it exists already";
    case "EISDIR":
      return "it is a folder";
    case "ELOOP":
      return "its symbolic links go round in circles";
    case "ENAMETOOLONG":
      return "the name is too long";
    case "ENOEXEC":
      return "it is no program for this machine";
    case "ENOENT":
      return "it does not exist";
    case "ENOSPC":
      return "the disk is full";
    case "ENOTDIR":
      return "a file is where a folder should be";
    case "EROFS":
      return "the file system is read-only";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The name of the errno of a system error, as in `ENOENT`; undefined for any other error. Goes by
 * the code alone: not every runtime says which system call it was.
 */
export function systemErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^E(?!RR_)/.test(code) ? code : undefined;
}

/** What comes of a call of the file system; undefined where what it is about is not there. */
export async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
