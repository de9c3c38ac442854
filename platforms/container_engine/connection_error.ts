import { readFile, stat } from "node:fs/promises";
import { AppError, appError } from "../../src/errors/app_error.ts";
import { faultOf } from "../../src/network/answer_fault.ts";
import { systemErrorCode } from "../../src/runtime/system_error.ts";

/** What a failed exchange over the engine's socket means; `what` names it. */
export async function explainConnectionError(
  socket: string,
  cause: unknown,
  what: string,
): Promise<unknown> {
  if (cause instanceof AppError) return cause;
  switch (systemErrorCode(cause)) {
    case "ENOENT":
      return unreachable(socket, "there is no such socket", cause);
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return unreachable(socket, "nothing listens there", cause);
    case "EACCES":
    case "EPERM":
      return appError("engine-forbidden", { socket, group: await groupOf(socket) }, { cause });
    case "ECONNRESET":
    case "EPIPE":
      return appError("engine-lost", { socket, what }, { cause });
  }
  const fault = faultOf(cause);
  if (fault === undefined) return cause;
  return appError("engine-invalid", { socket, why: fault.replace(/^it/, "its answer") }, { cause });
}

function unreachable(socket: string, why: string, cause: unknown): AppError {
  return appError("engine-unreachable", { socket, why, hint: startCommand(socket) }, { cause });
}

/** The command that has systemd listen at that socket, where it is a usual one. */
function startCommand(socket: string): string | undefined {
  if (/^(\/var)?\/run\/docker\.sock$/.test(socket)) return "sudo systemctl start docker";
  if (/^(\/var)?\/run\/podman\/podman\.sock$/.test(socket)) {
    return "sudo systemctl enable --now podman.socket";
  }
  return socket.endsWith("/podman/podman.sock")
    ? "systemctl --user enable --now podman.socket"
    : undefined;
}

/** Name of the group that may use a socket; undefined where even that may not be seen. */
async function groupOf(socket: string): Promise<string | undefined> {
  try {
    const { gid, mode } = await stat(socket);
    if ((mode & 0o060) !== 0o060) return undefined;
    const groups = (await readFile("/etc/group", "utf8")).split("\n").map((line) =>
      line.split(":")
    );
    return groups.find(([, , id]) => Number(id) === gid)?.[0] ?? String(gid);
  } catch {
    return undefined;
  }
}
