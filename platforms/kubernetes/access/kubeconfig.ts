import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { delimiter, dirname, join, resolve } from "node:path";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import { explainSystemError, systemErrorCode } from "../../../src/runtime/system_error.ts";
import { readResources } from "../../../src/resources/yaml.ts";

/** The fields of a kubeconfig's cluster that are used here (client-go's api/v1/types.go). */
export interface ClusterEntry {
  server: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
  "proxy-url"?: string;
}

/** The fields of a kubeconfig's user that are used here. */
export interface UserEntry {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  "as-uid"?: string;
  "as-groups"?: string[];
  "as-user-extra"?: Record<string, string[]>;
  exec?: ExecEntry | null;
  "auth-provider"?: AuthProviderEntry | null;
}

/** A way to get tokens that is built into clients, as `oidc` is. */
export interface AuthProviderEntry {
  name: string;
  config?: Record<string, string>;
}

/** How a program is asked for credentials. */
export interface ExecEntry {
  apiVersion: string;
  command: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
}

/** The context in force, with what it names; paths are absolute. */
export interface KubeContext {
  name: string;
  cluster: ClusterEntry;
  user: UserEntry;
  namespace: string | undefined;
  /** What it was read from. */
  files: string[];
}

/** Where a context is looked for. */
export interface ContextRequest {
  /** --kubeconfig: the one file to read. */
  kubeconfig: string | undefined;
  /** --context. */
  context: string | undefined;
  env: Record<string, string | undefined>;
}

type Entries = Map<string, Record<string, unknown>>;

/** What several files say together. */
interface MergedConfig {
  currentContext: string | undefined;
  contexts: Entries;
  clusters: Entries;
  users: Entries;
}

/** Kubeconfigs of thousands of clusters with embedded certificates exist. */
const maxFileBytes = 32 * 1024 * 1024;

/** The name of the context of a Pod that has no kubeconfig. */
export const podContext = "in-cluster";

/** What a Pod is given to reach its API server. */
const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the context as kubectl does: --kubeconfig, else the files of KUBECONFIG, else
 * ~/.kube/config, else the Pod this runs in. Of several files the first to name something wins.
 * Throws `file-not-found`, `not-readable`, `kubeconfig-invalid`, `kubeconfig-missing`,
 * `kubeconfig-empty`, `context-unset` and `context-unknown`.
 */
export async function loadContext(
  request: ContextRequest,
  podFolder = serviceAccountFolder,
): Promise<KubeContext> {
  const files = findFiles(request);
  const merged: MergedConfig = {
    currentContext: undefined,
    contexts: new Map(),
    clusters: new Map(),
    users: new Map(),
  };
  const found: string[] = [];
  for (const file of files) {
    const text = await readText(file, request.kubeconfig !== undefined);
    if (text === undefined) continue;
    found.push(file);
    merge(merged, parse(text, file), file);
  }
  if (merged.contexts.size > 0 || merged.currentContext !== undefined) {
    return choose(merged, request.context, found);
  }
  if (request.context === undefined && request.kubeconfig === undefined) {
    const pod = await loadFromPod(request.env, podFolder);
    if (pod !== undefined) return pod;
  }
  if (found.length > 0) throw appError("kubeconfig-empty", { files: found.join(", ") });
  throw appError("kubeconfig-missing", { files: files.join(", ") });
}

/** The names of the contexts in all files. Throws as `loadContext` does of files. */
export async function contextNames(request: Omit<ContextRequest, "context">): Promise<string[]> {
  const names: string[] = [];
  for (const file of findFiles({ ...request, context: undefined })) {
    const { contexts = [] } = parse(await readText(file, false) ?? "", file) as {
      contexts?: { name?: unknown }[];
    };
    names.push(...contexts.map(({ name }) => name).filter((name) => typeof name === "string"));
  }
  return names;
}

function findFiles({ kubeconfig, env }: ContextRequest): string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  const named = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  return named.length > 0
    ? [...new Set(named)]
    : [join(env["HOME"] ?? env["USERPROFILE"] ?? "/", ".kube", "config")];
}

async function readText(file: string, mustExist: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (systemErrorCode(cause) !== "ENOENT") {
      throw appError("not-readable", { path: file, why: explainSystemError(cause) }, { cause });
    }
    if (!mustExist) return undefined;
    throw appError("file-not-found", { file }, { cause });
  }
}

function parse(text: string, file: string): Record<string, unknown> {
  try {
    return readResources(text, file, { maxBytes: maxFileBytes })[0] ?? {};
  } catch (cause) {
    if (!isAppError(cause, "resource-invalid")) throw cause;
    throw appError("kubeconfig-invalid", { file, why: cause.data.why }, { cause });
  }
}

function merge(merged: MergedConfig, config: Record<string, unknown>, file: string): void {
  const current = config["current-context"];
  if (typeof current === "string" && current !== "") merged.currentContext ??= current;
  for (
    const [plural, field] of [["contexts", "context"], ["clusters", "cluster"], [
      "users",
      "user",
    ]] as const
  ) {
    const list = config[plural] ?? [];
    if (!Array.isArray(list)) {
      throw appError("kubeconfig-invalid", { file, why: `${plural} is no list` });
    }
    for (const item of list) {
      const value = withMerged(item?.[field] ?? {});
      if (typeof item !== "object" || item === null || typeof value !== "object") {
        const why = `an entry of ${plural} is no mapping`;
        throw appError("kubeconfig-invalid", { file, why });
      }
      // as kubectl has it, one without a name is one that nothing can name
      if (typeof item?.name !== "string") continue;
      if (!merged[plural].has(item.name)) {
        merged[plural].set(item.name, withAbsolutePaths(value, dirname(resolve(file))));
      }
    }
  }
}

/** The mapping with those of its merge key, as Go's YAML readers take `<<`; its own fields win. */
function withMerged(value: Record<string, unknown>): Record<string, unknown> {
  if (typeof value !== "object" || value === null || !("<<" in value)) return value;
  const { "<<": merged, ...own } = value;
  const parts = Array.isArray(merged) ? merged.toReversed() : [merged];
  return Object.assign({}, ...parts.filter((part) => typeof part === "object"), own);
}

/** Relative paths of a kubeconfig are relative to its own folder. */
function withAbsolutePaths(
  entry: Record<string, unknown>,
  folder: string,
): Record<string, unknown> {
  const absolute = { ...entry };
  for (const name of ["certificate-authority", "client-certificate", "client-key", "tokenFile"]) {
    const path = entry[name];
    if (typeof path === "string" && path !== "") absolute[name] = resolve(folder, path);
  }
  const exec = entry["exec"] as ExecEntry | null | undefined;
  // a bare name is looked up in PATH
  if (typeof exec?.command === "string" && /[/\\]/.test(exec.command)) {
    absolute["exec"] = { ...exec, command: resolve(folder, exec.command) };
  }
  return absolute;
}

function choose(merged: MergedConfig, asked: string | undefined, found: string[]): KubeContext {
  const files = found.join(", ");
  const known = [...merged.contexts.keys()].sort();
  const name = asked ?? merged.currentContext;
  if (name === undefined) throw appError("context-unset", { files, known });
  const context = merged.contexts.get(name);
  if (context === undefined) throw appError("context-unknown", { context: name, files, known });
  const find = (plural: "clusters" | "users", field: "cluster" | "user", name: unknown) => {
    const entry = typeof name === "string" ? merged[plural].get(name) : undefined;
    if (entry !== undefined) return entry;
    const why = `context names ${field} "${name ?? ""}", which is not there`;
    throw appError("kubeconfig-invalid", { file: files, why });
  };
  const cluster = find("clusters", "cluster", context["cluster"]);
  // a context without a user is one of anonymous requests
  const user = context["user"] ? find("users", "user", context["user"]) : {};
  const url = cluster["server"];
  const server = typeof url === "string" && url.trim() === url ? URL.parse(url) : null;
  const { token, as, "as-groups": groups, "as-uid": uid } = user as UserEntry;
  const why = server?.protocol !== "https:"
    ? `the server of cluster "${context["cluster"]}" must be an https:// url`
    : typeof token === "string" && !/^[\x21-\x7e]*$/.test(token)
    ? `the token of user "${context["user"]}" has a blank, a line break or a character in it ` +
      "that no token has"
    : !as && (groups?.length || uid)
    ? `user "${context["user"]}" has as-groups or as-uid without as`
    : undefined;
  if (why !== undefined) throw appError("kubeconfig-invalid", { file: files, why });
  if (user["exec"] && typeof (user["exec"] as Partial<ExecEntry>).command !== "string") {
    throw appError("kubeconfig-invalid", { file: files, why: "an exec plugin has no command" });
  }
  return {
    name,
    cluster: cluster as unknown as ClusterEntry, // its server was checked, what else is wrong the use shows
    user: user as UserEntry,
    namespace: typeof context["namespace"] === "string" && context["namespace"] !== ""
      ? context["namespace"]
      : undefined,
    files: found,
  };
}

async function loadFromPod(
  env: Record<string, string | undefined>,
  folder: string,
): Promise<KubeContext | undefined> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  const tokenFile = join(folder, "token");
  if (!host || !port || await readText(tokenFile, false) === undefined) return undefined;
  if (!/^\d{1,5}$/.test(port)) {
    const wanted = "the port of the cluster's API server";
    throw appError("invalid-value", { name: "KUBERNETES_SERVICE_PORT", value: port, wanted });
  }
  return {
    name: podContext,
    cluster: {
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      "certificate-authority": join(folder, "ca.crt"),
    },
    user: { tokenFile },
    namespace: (await readText(join(folder, "namespace"), false))?.trim(),
    files: [folder],
  };
}
