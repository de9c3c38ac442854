import { isAbsolute, join, resolve } from "node:path";
import { appError } from "../../src/errors/app_error.ts";
import { checkLabel } from "../../src/resources/names.ts";

/** The namespace of commands that name none, as upstream has it. */
export const defaultNamespace = "default";

/** Where everything of one namespace lives; see docs/spec/skupper-system-sites.md 1.2. */
export interface NamespacePaths {
  /** The data home: upstream's `namespaces` and our own state, side by side. */
  readonly home: string;
  readonly namespace: string;
  /** `<home>/namespaces/<namespace>`, laid out by upstream. */
  readonly root: string;
  readonly inputResources: string;
  readonly inputIssuers: string;
  readonly inputCerts: string;
  /** Made by `skupper system start` alone; never written by this program, as all below it. */
  readonly runtime: string;
  readonly runtimeResources: string;
  readonly runtimeIssuers: string;
  readonly runtimeCerts: string;
  readonly runtimeRouter: string;
  /** The input as upstream's router was last given it. */
  readonly snapshot: string;
  /** Names the platform of a namespace that upstream made. */
  readonly platformFile: string;
  /** `<home>/hawser/<namespace>`: our own state, one folder per site uid. */
  readonly state: string;
  /** Held while something of the namespace is read, compared and written. */
  readonly lock: string;
}

/** Our own state of one site: it goes when the site's certificate authority goes. */
export interface SiteStatePaths {
  readonly root: string;
  readonly resources: string;
  readonly ledgers: string;
  readonly issuing: string;
  readonly pending: string;
}

/**
 * The data home: HAWSER_DATA_HOME names all of it; else upstream's rule
 * (docs/spec/skupper-system-sites.md 1.1), except that an empty XDG_DATA_HOME counts as unset.
 * `uid` is undefined where the system has none. Throws `data-home-unusable` if nothing says where
 * it is.
 */
export function findDataHome(
  env: Record<string, string | undefined>,
  uid: number | undefined,
): string {
  const chosen = env["HAWSER_DATA_HOME"];
  if (chosen && !isAbsolute(chosen)) {
    const wanted = "an absolute path: a controller works in another folder";
    throw appError("invalid-value", { name: "HAWSER_DATA_HOME", value: chosen, wanted });
  }
  if (chosen) return resolve(chosen);
  if (uid === 0) return "/var/lib/skupper";
  if (env["XDG_DATA_HOME"]) return resolve(env["XDG_DATA_HOME"], "skupper");
  const userHome = env["HOME"] || env["USERPROFILE"];
  if (userHome) return resolve(userHome, ".local", "share", "skupper");
  throw appError("data-home-unusable", {
    path: "~/.local/share/skupper",
    why: "HOME is not set",
  });
}

/** `<home>/namespaces`: each folder in it is a namespace, for upstream too. */
export function namespacesFolder(home: string): string {
  return join(home, "namespaces");
}

/** `<home>/hawser`: our own state, a folder for each namespace. */
export function stateFolder(home: string): string {
  return join(home, "hawser");
}

/** The controller's own state; the leading dot keeps it apart from the namespaces' state. */
export function controllerFolder(home: string): string {
  return join(stateFolder(home), ".controller");
}

/** The paths of a namespace; throws `invalid-value` unless its name is an RFC 1123 label. */
export function namespacePaths(home: string, namespace: string): NamespacePaths {
  checkLabel(namespace, "the namespace");
  const root = join(namespacesFolder(home), namespace);
  return {
    home,
    namespace,
    root,
    inputResources: join(root, "input", "resources"),
    inputIssuers: join(root, "input", "issuers"),
    inputCerts: join(root, "input", "certs"),
    runtime: join(root, "runtime"),
    runtimeResources: join(root, "runtime", "resources"),
    runtimeIssuers: join(root, "runtime", "issuers"),
    runtimeCerts: join(root, "runtime", "certs"),
    runtimeRouter: join(root, "runtime", "router"),
    snapshot: join(root, "internal", "snapshot"),
    platformFile: join(root, "internal", "platform.yaml"),
    state: join(stateFolder(home), namespace),
    lock: join(stateFolder(home), ".locks", namespace),
  };
}

/** Where our own state of the site with that uid lives. */
export function siteStatePaths(paths: NamespacePaths, siteUid: string): SiteStatePaths {
  const root = join(paths.state, siteUid);
  return {
    root,
    resources: join(root, "resources"),
    ledgers: join(root, "ledgers"),
    issuing: join(root, "issuing"),
    pending: join(root, "pending"),
  };
}
