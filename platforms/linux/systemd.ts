import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { abortable } from "../../src/runtime/abortable.ts";
import { startProgram } from "../../src/runtime/program.ts";

/** A systemd that can be talked to: the system's, or that of the user. */
export interface Systemd {
  readonly isUser: boolean;
  /** Where its units are put. */
  readonly unitFolder: string;
  /** Runs `systemctl` and gives what it prints; throws an Error with what it complains of. */
  control(words: string[], signal: AbortSignal): Promise<string>;
  /** True if services go on once the user has logged out, and start with the system. */
  isLingering(signal: AbortSignal): Promise<boolean>;
  /** What a unit wrote since then (milliseconds since 1970); "" where the user may not read it. */
  journal(unit: string, since: number, signal: AbortSignal): Promise<string>;
}

/** More than the journal of a start. */
const maxOutputBytes = 16 * 1024 * 1024;

type Env = Record<string, string | undefined>;

/** The folder of units of the system's systemd, or of the user's (systemd.unit(5)). */
export function unitFolder(env: Env, uid: number | undefined): string {
  if (uid === 0) return "/etc/systemd/system";
  return join(env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? "/", ".config"), "systemd", "user");
}

/**
 * The systemd that runs services for this user; undefined where it is not what the system was
 * booted with (sd_booted(3)), the user has no session of it, or SYSTEMD_OFFLINE says to do without.
 */
export function findSystemd(env: Env, uid = process.getuid?.()): Systemd | undefined {
  if (
    !existsSync("/run/systemd/system") || /^(1|true|yes|on)$/.test(env["SYSTEMD_OFFLINE"] ?? "")
  ) {
    return undefined;
  }
  const runtime = env["XDG_RUNTIME_DIR"] || `/run/user/${uid}`;
  const isUser = uid !== 0;
  if (isUser && !existsSync(join(runtime, "systemd", "private"))) return undefined;
  const scope = isUser ? ["--user"] : [];
  const settings = { ...env, LC_ALL: "C", ...(isUser ? { XDG_RUNTIME_DIR: runtime } : {}) };
  return {
    isUser,
    unitFolder: unitFolder(env, uid),
    control: (words, signal) => run("systemctl", [...scope, ...words], settings, signal),
    async isLingering(signal) {
      if (!isUser) return true;
      const words = ["show-user", String(uid), "--property=Linger", "--value"];
      return await run("loginctl", words, settings, signal).then(
        (answer) => answer.trim() === "yes",
        () => false, // a user it doesn't know has none
      );
    },
    async journal(unit, since, signal) {
      const field = isUser ? "_SYSTEMD_USER_UNIT" : "_SYSTEMD_UNIT"; // not what systemd says of it
      const from = `--since=@${Math.floor(since / 1000)}`;
      const words = [...scope, "--output=cat", "--no-pager", "--quiet", from, `${field}=${unit}`];
      return await run("journalctl", words, settings, signal).catch(() => "");
    },
  };
}

/**
 * Tells the systemd that started this process, if one did, that the service is ready
 * (sd_notify(3)).
 */
export function notifyReady(env: Env, status: string, onFailure: (error: unknown) => void): void {
  if (!env["NOTIFY_SOCKET"]) return;
  // its socket is of a kind that the runtimes can't open
  run("systemd-notify", ["--ready", `--status=${status}`], env, new AbortController().signal)
    .catch(onFailure);
}

async function run(
  name: string,
  words: string[],
  env: Env,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const program = startProgram(name, words, { env, maxOutputBytes });
  try {
    const { code, stdout, stderr } = await abortable(program.ended, signal);
    if (code === 0) return stdout;
    throw new Error(stderr.trim() || `${name} ended with exit code ${code}`);
  } finally {
    program.stop();
  }
}
