import { join } from "node:path";
import { type AppError, appError, isAppError } from "../../errors/app_error.ts";
import { sleep } from "../../runtime/clock.ts";
import { makePrivateFolder, readLimited } from "../../runtime/files.ts";
import { backUpHome, moveCertificates } from "./backup.ts";
import { decryptSecret, encryptSecret } from "./cipher.ts";
import { secretFields } from "./fields.ts";
import { type ConfigFile, parseConfig, renderConfig } from "./file.ts";
import { type Environment, jfrogHome } from "./home.ts";
import { type EncryptionKey, findEncryptionKey } from "./key.ts";
import { withConfigLock } from "./lock.ts";
import { newestVersion } from "./migration.ts";
import { keptBeside, writeConfigFile } from "./written_file.ts";
import type { Secrets, Server, ServerStore } from "../server.ts";

const maxConfigBytes = 16 * 1024 * 1024;

/** Servers as a command has them; `sealed` are the secrets among them that nobody could decrypt. */
interface Decrypted {
  servers: Server[];
  sealed: ReadonlySet<string>;
}

/** A configuration file as it was found. */
interface Found {
  path: string;
  config: ConfigFile;
}

/**
 * The servers in jf's configuration file (docs/spec/jfrog.md 3), for jf and us to share. Throws
 * `jfrog-home-unknown`; its methods throw `jfrog-config-…`, `jfrog-key-…`, `not-readable` and
 * `not-writable`.
 */
export function openServerStore(env: Environment): ServerStore {
  return new ServerFile(env);
}

class ServerFile implements ServerStore {
  readonly file: string;
  readonly #env: Environment;
  readonly #home: string;

  constructor(env: Environment) {
    this.#env = env;
    this.#home = jfrogHome(env);
    this.file = join(this.#home, `jfrog-cli.conf.v${newestVersion}`);
  }

  async read(signal: AbortSignal, secrets: Secrets = "clear"): Promise<Server[]> {
    const found = await this.#find(signal);
    if (!mustMigrate(found)) return (await this.#decrypt(found, secrets)).servers;
    try {
      return await withConfigLock(this.#home, signal, async () => {
        // somebody may have migrated it meanwhile
        const now = await this.#find(signal);
        const decrypted = await this.#decrypt(now, secrets);
        if (mustMigrate(now)) await this.#store(now, decrypted.servers, decrypted.sealed);
        return decrypted.servers;
      });
    } catch (error) {
      // what can't be stored can still be used
      if (isAppError(error, "not-writable")) return (await this.#decrypt(found, secrets)).servers;
      throw error;
    }
  }

  async change(
    ...[make, signal, secrets = "clear"]: Parameters<ServerStore["change"]>
  ): Promise<Server[]> {
    return await withConfigLock(this.#home, signal, async () => {
      const found = await this.#find(signal);
      const { servers: before, sealed } = await this.#decrypt(found, secrets);
      const after = await make(before, () => this.#store(found, before, sealed));
      if (after !== before) await this.#store(found, after, sealed);
      return after;
    });
  }

  /** The newest file there is, else an empty one. */
  async #find(signal: AbortSignal): Promise<Found> {
    const older = [5, 4].map((version) => join(this.#home, `jfrog-cli.conf.v${version}`));
    for (const path of [this.file, ...older, join(this.#home, "jfrog-cli.conf")]) {
      try {
        return { path, config: await load(path, signal) };
      } catch (error) {
        if (!isAppError(error, "file-not-found")) throw error;
      }
    }
    return { path: this.file, config: parseConfig("", this.file) };
  }

  /** Writes the servers, and migrates the file where it is of an older version. */
  async #store(found: Found, servers: Server[], sealed: ReadonlySet<string>): Promise<void> {
    if (mustMigrate(found)) {
      const { version } = found.config;
      const home = this.#home;
      // jf backs up what versions 0 and 1 need, and overwrites an old version under the new name
      if (version < 2 || found.path === this.file) await backUpHome(home, Date.now());
      if (version < 2) await moveCertificates(home);
    }
    await this.#write(found, servers, sealed);
  }

  /** The servers with their secrets in clear, those apart that stay as they are stored. */
  async #decrypt({ path, config }: Found, secrets: Secrets): Promise<Decrypted> {
    const sealed = new Set<string>();
    if (!config.isEncrypted) return { servers: config.servers, sealed };
    const { found, problem } = await this.#findKey();
    const servers = config.servers.map((server, index) =>
      mapSecrets(server, (secret, name) => {
        const clear = found && decryptSecret(secret, found.key);
        if (clear !== undefined) return clear;
        if (secrets === "as they are") {
          sealed.add(secret);
          return secret;
        }
        if (found === undefined) throw problem ?? appError("jfrog-key-missing", { file: path });
        const field = `servers[${index}].${name}`;
        throw appError("jfrog-key-wrong", { file: path, source: found.source, field });
      })
    );
    return { servers, sealed };
  }

  /** The key, or why it can't be used, which matters where there is a secret to be used or kept. */
  async #findKey(): Promise<{ found?: EncryptionKey | undefined; problem?: AppError }> {
    try {
      return { found: await findEncryptionKey(this.#env, this.#home) };
    } catch (error) {
      if (isAppError(error)) return { problem: error };
      throw error;
    }
  }

  async #write(
    { path, config }: Found,
    servers: Server[],
    sealed: ReadonlySet<string>,
  ): Promise<void> {
    const { found, problem } = await this.#findKey();
    let isSealed = false;
    let isClear = false;
    const stored = servers.map((server) =>
      mapSecrets(server, (secret) => {
        if (sealed.has(secret)) {
          isSealed = true;
          return secret;
        }
        if (found !== undefined) return encryptSecret(secret, found.key);
        isClear = true;
        return secret;
      })
    );
    // who has a key wants no secret in clear
    if (isClear && problem !== undefined) throw problem;
    // a file is encrypted as a whole, or not at all
    if (isSealed && isClear) throw appError("jfrog-key-missing", { file: path });
    await makePrivateFolder(this.#home);
    const text = renderConfig({
      servers: stored,
      isEncrypted: found !== undefined || isSealed,
      others: config.others,
    });
    await writeConfigFile(this.file, text, maxConfigBytes);
  }
}

/** How often, and how far apart in milliseconds, a file is read that jf may be writing just now. */
const readings = 3;
const readingPauseMs = 30;

/**
 * jf empties the file before it fills it, so an empty or cut file is read again. What a write in
 * place has left half done is read from beside it.
 */
async function load(path: string, signal: AbortSignal): Promise<ConfigFile> {
  for (let reading = 1;; reading++) {
    const text = await readText(path, signal);
    try {
      if (text !== "" || reading === readings) return parseConfig(text, path);
    } catch (error) {
      if (reading === readings) return await loadKept(path, signal, error);
    }
    await sleep(readingPauseMs, signal);
  }
}

async function loadKept(path: string, signal: AbortSignal, error: unknown): Promise<ConfigFile> {
  try {
    return parseConfig(await readText(keptBeside(path), signal), path);
  } catch {
    throw error;
  }
}

async function readText(path: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readLimited(path, maxConfigBytes, signal));
}

function mustMigrate({ config }: Found): boolean {
  return config.version < newestVersion;
}

function mapSecrets(server: Server, map: (secret: string, name: string) => string): Server {
  const mapped = { ...server };
  for (const name of secretFields) {
    const secret = server[name];
    if (secret) mapped[name] = map(secret, name);
  }
  return mapped;
}
