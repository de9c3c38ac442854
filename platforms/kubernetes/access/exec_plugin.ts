import type { Buffer } from "node:buffer";
import { appError } from "../../../src/errors/app_error.ts";
import { systemErrorCode } from "../../../src/runtime/system_error.ts";
import { whileAwaiting } from "../../../src/wait/deadline.ts";
import { abortable } from "../../../src/runtime/abortable.ts";
import { type ProgramEnd, startProgram } from "../../../src/runtime/program.ts";
import type { ClusterEntry, ExecEntry } from "./kubeconfig.ts";

/** What a plugin gives: a bearer token, a client certificate (PEM), or both. */
export interface ExecCredential {
  token?: string;
  certificate?: string;
  key?: string;
  /** Milliseconds since 1970; undefined: as long as this process lives. */
  expiresAt?: number;
}

/** A run of the plugin; it is killed once no one waits for it any more. */
interface Run {
  credential: Promise<ExecCredential>;
  waiters: number;
  stop(): void;
}

/** A command's own time limit ends its wait; this one is for who has none, such as a controller. */
const runLimitMinutes = 10;

const maxOutputBytes = 1024 * 1024;

/**
 * A program that gives credentials, by the client.authentication.k8s.io protocol (v1 and v1beta1).
 * It runs when a credential is first needed or has expired, never twice at once, and without a
 * terminal.
 */
export class ExecPlugin {
  readonly #context: string;
  readonly #entry: ExecEntry;
  readonly #cluster: ClusterEntry;
  readonly #env: Record<string, string | undefined>;
  #credential: ExecCredential | undefined;
  #run: Run | undefined;

  constructor(
    context: string,
    entry: ExecEntry,
    cluster: ClusterEntry,
    env: Record<string, string | undefined>,
  ) {
    this.#context = context;
    this.#entry = entry;
    this.#cluster = cluster;
    this.#env = env;
  }

  /**
   * The credential in force; `ca` are the cluster's authorities, which a plugin may be told. Throws
   * `credentials-failed` and the signal's reason.
   */
  async credential(ca: Buffer | undefined, signal: AbortSignal): Promise<ExecCredential> {
    if (this.#credential !== undefined && !isExpired(this.#credential)) return this.#credential;
    const run = this.#run ??= this.#start(ca);
    run.waiters++;
    try {
      return this.#credential = await abortable(run.credential, signal);
    } catch (error) {
      throw whileAwaiting(error, `credentials from ${this.#entry.command}`);
    } finally {
      if (--run.waiters === 0) {
        run.stop();
        if (this.#run === run) this.#run = undefined;
      }
    }
  }

  /** The server did not accept it: the next one is asked for anew. */
  forget(): void {
    this.#credential = undefined;
  }

  #start(ca: Buffer | undefined): Run {
    const { command, args, env } = this.#entry;
    const given = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    const program = startProgram(command, args ?? [], {
      env: { ...this.#env, ...given, KUBERNETES_EXEC_INFO: this.#info(ca) },
      maxOutputBytes,
    });
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      program.stop();
    }, runLimitMinutes * 60_000);
    const credential = program.ended.then(
      (end) => {
        if (late) throw this.#failed(`it gave no answer within ${runLimitMinutes} minutes`);
        return this.#read(end);
      },
      (error) => Promise.reject(this.#failure(error)),
    ).finally(() => clearTimeout(limit));
    credential.catch(() => {}); // everyone who waited may have gone
    return { credential, waiters: 0, stop: () => program.stop() };
  }

  #info(ca: Buffer | undefined): string {
    const cluster = this.#entry.provideClusterInfo ? { cluster: this.#clusterInfo(ca) } : {};
    const spec = { interactive: false, ...cluster };
    return JSON.stringify({ apiVersion: this.#entry.apiVersion, kind: "ExecCredential", spec });
  }

  #clusterInfo(ca: Buffer | undefined): Record<string, unknown> {
    const cluster = this.#cluster;
    return {
      server: cluster.server,
      "tls-server-name": cluster["tls-server-name"],
      "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
      "certificate-authority-data": ca?.toString("base64"),
      "proxy-url": cluster["proxy-url"],
    };
  }

  #read({ code, stdout, stderr }: ProgramEnd): ExecCredential {
    if (code !== 0) {
      const said = stderr.trim().slice(-1000);
      const how = code === undefined ? "it failed" : `it ended with code ${code}`;
      throw this.#failed(said === "" ? how : `${how}: ${said}`);
    }
    let answer;
    try {
      answer = JSON.parse(stdout.replace(/^\ufeff/, ""));
    } catch {
      throw this.#failed("it printed no JSON"); // what it printed may hold a secret
    }
    if (answer?.kind !== "ExecCredential" || answer.apiVersion !== this.#entry.apiVersion) {
      throw this.#failed(`it printed no ExecCredential of ${this.#entry.apiVersion}`);
    }
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer.status ??
      {};
    if (!token && !(clientCertificateData && clientKeyData)) {
      throw this.#failed("it printed neither a token nor a certificate with its key");
    }
    return {
      ...(token ? { token } : {}),
      ...(clientCertificateData ? { certificate: clientCertificateData, key: clientKeyData } : {}),
      ...(expirationTimestamp ? { expiresAt: Date.parse(expirationTimestamp) } : {}),
    };
  }

  #failure(error: unknown): Error {
    if (systemErrorCode(error) === "ENOENT") return this.#failed("it is not installed", error);
    if (systemErrorCode(error) === "EACCES") return this.#failed("it may not be run", error);
    const why = error instanceof RangeError ? error.message : "it failed";
    return this.#failed(why, error);
  }

  #failed(why: string, cause?: unknown): Error {
    return appError("credentials-failed", {
      context: this.#context,
      why: `${this.#entry.command}: ${why}`,
      ...(this.#entry.installHint ? { hint: this.#entry.installHint } : {}),
    }, { cause });
  }
}

/** Ten seconds early: the request must still arrive in time. */
function isExpired({ expiresAt }: ExecCredential): boolean {
  return expiresAt !== undefined && expiresAt - 10_000 <= Date.now();
}
