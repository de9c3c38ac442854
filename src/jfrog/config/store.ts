import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { appError, isAppError } from "../../errors/app_error.ts";
import { sleep } from "../../runtime/clock.ts";
import { makePrivateFolder, readLimited, writeWhole } from "../../runtime/files.ts";
import { backUpHome, moveCertificates } from "./backup.ts";
import { decryptSecret, encryptSecret } from "./cipher.ts";
import { secretFields } from "./fields.ts";
import { type ConfigFile, parseConfig, renderConfig } from "./file.ts";
import { type Environment, jfrogHome } from "./home.ts";
import { findEncryptionKey } from "./key.ts";
import { withConfigLock } from "./lock.ts";
import { newestVersion } from "./migration.ts";
import type { Server, ServerStore } from "../server.ts";

const maxConfigBytes = 16 * 1024 * 1024;

/** A configuration file as it was found. */
interface Found {
  path: string;
  config: ConfigFile;
}

/**
 * The servers in jf's configuration file (spec/jfrog.md 3), for jf and us to share. Throws
 * `jfrog-home-unknown`; its methods throw `jfrog-config-…`, `jfrog-key-…`, `not-readable` and
 * `not-writable`.
 */
export function openServerStore(env: Environment): ServerStore {
  const home = jfrogHome(env);
  const file = join(home, `jfrog-cli.conf.v${newestVersion}`);
  return { file, read, change };

  async function read(signal: AbortSignal): Promise<Server[]> {
    const found = await find(signal);
    if (!mustMigrate(found)) return await decrypt(found);
    try {
      return await withConfigLock(home, signal, async () => {
        // somebody may have migrated it meanwhile
        const now = await find(signal);
        const servers = await decrypt(now);
        if (mustMigrate(now)) await migrate(now, servers);
        return servers;
      });
    } catch (error) {
      // what can't be stored can still be used
      if (isAppError(error, "not-writable")) return await decrypt(found);
      throw error;
    }
  }

  function change(...[make, signal]: Parameters<ServerStore["change"]>): Promise<Server[]> {
    return withConfigLock(home, signal, async () => {
      const found = await find(signal);
      const before = await decrypt(found);
      const store = (servers: Server[]) =>
        mustMigrate(found) ? migrate(found, servers) : write(found, servers);
      const after = await make(before, () => store(before));
      if (after !== before) await store(after);
      return after;
    });
  }

  /** The newest file there is, else an empty one. */
  async function find(signal: AbortSignal): Promise<Found> {
    const older = [5, 4].map((version) => join(home, `jfrog-cli.conf.v${version}`));
    for (const path of [file, ...older, join(home, "jfrog-cli.conf")]) {
      try {
        return { path, config: await load(path, signal) };
      } catch (error) {
        if (!isAppError(error, "file-not-found")) throw error;
      }
    }
    return { path: file, config: parseConfig("", file) };
  }

  function mustMigrate({ config }: Found): boolean {
    return config.version < newestVersion;
  }

  async function migrate(found: Found, servers: Server[]): Promise<void> {
    const { version } = found.config;
    // jf backs up what versions 0 and 1 need, and overwrites an old version under the new name
    if (version < 2 || found.path === file) await backUpHome(home, Date.now());
    if (version < 2) await moveCertificates(home);
    await write(found, servers);
  }

  /** The servers with their secrets in clear. */
  async function decrypt({ path, config }: Found): Promise<Server[]> {
    if (!config.isEncrypted) return config.servers;
    const found = await findEncryptionKey(env, home);
    if (found === undefined) throw appError("jfrog-key-missing", { file: path });
    return config.servers.map((server, index) =>
      mapSecrets(server, (secret, name) => {
        const clear = decryptSecret(secret, found.key);
        if (clear !== undefined) return clear;
        const field = `servers[${index}].${name}`;
        throw appError("jfrog-key-wrong", { file: path, source: found.source, field });
      })
    );
  }

  async function write({ config }: Found, servers: Server[]): Promise<void> {
    const found = await findEncryptionKey(env, home);
    const stored = found === undefined
      ? servers
      : servers.map((server) => mapSecrets(server, (secret) => encryptSecret(secret, found.key)));
    await makePrivateFolder(home);
    // a link to the file is the user's, and stays one
    const target = await realpath(file).catch(() => file);
    await writeWhole(
      target,
      renderConfig({ servers: stored, isEncrypted: found !== undefined, others: config.others }),
      { mode: 0o600, replace: "always" },
    );
  }
}

/** How often, and how far apart in milliseconds, a file is read that jf may be writing just now. */
const readings = 3;
const readingPauseMs = 30;

/** jf empties the file before it fills it, so an empty or cut file is read again. */
async function load(path: string, signal: AbortSignal): Promise<ConfigFile> {
  for (let reading = 1;; reading++) {
    const text = new TextDecoder().decode(await readLimited(path, maxConfigBytes, signal));
    try {
      if (text !== "" || reading === readings) return parseConfig(text, path);
    } catch (error) {
      if (reading === readings) throw error;
    }
    await sleep(readingPauseMs, signal);
  }
}

function mapSecrets(server: Server, map: (secret: string, name: string) => string): Server {
  const mapped = { ...server };
  for (const name of secretFields) {
    const secret = server[name];
    if (secret) mapped[name] = map(secret, name);
  }
  return mapped;
}
