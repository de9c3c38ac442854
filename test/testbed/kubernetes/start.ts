import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readResources, writeYaml } from "../../../src/resources/yaml.ts";
import { AdminClient } from "./admin_client.ts";
import { type KeyPairFiles, makeSigningKey, TestAuthority } from "./certificates.ts";
import { buildPrograms, type Programs } from "./programs.ts";
import { findFreePort, ServerProcess } from "../server_process.ts";

/** A rule of RBAC. */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** A real API server, with RBAC and Skupper's CRDs, and no controller whatever. */
export interface KubernetesTestbed {
  readonly url: string;
  /** File of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** A kubectl of the server's version. */
  readonly kubectl: string;
  readonly admin: AdminClient;
  readonly authority: TestAuthority;
  /** Holds all files of the testbed. */
  readonly folder: string;
  /** Makes a namespace with a name of its own. */
  createNamespace(): Promise<string>;
  /** File of the kubeconfig of a new user who may do just that in the namespace. */
  userKubeconfig(namespace: string, rules: PolicyRule[]): Promise<string>;
  /** Kills the API server and starts it again on what is stored. */
  restart(): Promise<void>;
  /** Kills the API server; `restart` brings it back. */
  interrupt(): Promise<void>;
  stop(): Promise<void>;
}

const crds = fileURLToPath(
  new URL("../../../platforms/kubernetes/manifests/definitions/", import.meta.url),
);

/**
 * Starts etcd and an API server on free ports of loopback; needs what `missingForKubernetes` names.
 */
export async function startKubernetes(): Promise<KubernetesTestbed> {
  const programs = await buildPrograms();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-kubernetes-"));
  const removeFolder = () => fs.rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);
  const testbed = new Testbed(folder, programs, await findFreePort(), await findFreePort());
  const stop = testbed.stop.bind(testbed);
  testbed.stop = async () => {
    await stop();
    process.off("exit", removeFolder);
    removeFolder();
  };
  try {
    await testbed.start();
  } catch (error) {
    await testbed.stop();
    throw error;
  }
  return testbed;
}

class Testbed implements KubernetesTestbed {
  readonly url: string;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly admin: AdminClient;
  readonly authority: TestAuthority;
  readonly folder: string;
  readonly #programs: Programs;
  readonly #port: number;
  readonly #etcdPort: number;
  readonly #server: KeyPairFiles;
  readonly #signingKey: string;
  #etcd: ServerProcess | undefined;
  #apiServer: ServerProcess | undefined;
  #names = 0;

  constructor(folder: string, programs: Programs, port: number, etcdPort: number) {
    this.folder = folder;
    this.#programs = programs;
    this.#port = port;
    this.#etcdPort = etcdPort;
    this.kubectl = programs.kubectl;
    this.url = `https://127.0.0.1:${port}`;
    this.authority = new TestAuthority(folder);
    this.#server = this.authority.signServer("api-server", "IP:127.0.0.1,DNS:localhost");
    this.#signingKey = makeSigningKey(folder);
    const administrator = this.authority.signClient("administrator", "system:masters");
    this.kubeconfig = this.#writeKubeconfig("administrator", administrator, "default");
    this.admin = new AdminClient(this.url, this.authority.certificate, administrator);
  }

  async start(): Promise<void> {
    const peerUrl = `http://127.0.0.1:${await findFreePort()}`;
    const etcdUrl = `http://127.0.0.1:${this.#etcdPort}`;
    this.#etcd = new ServerProcess("etcd", [
      "--unsafe-no-fsync",
      `--data-dir=${path.join(this.folder, "etcd")}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
    ], path.join(this.folder, "etcd.log"));
    await this.#etcd.waitUntil(async () => (await fetch(`${etcdUrl}/health`)).ok);
    await this.restart();
    await this.#installCrds();
  }

  async restart(): Promise<void> {
    await this.interrupt();
    this.#apiServer = new ServerProcess(this.#programs.apiServer, [
      `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${this.#port}`,
      `--tls-cert-file=${this.#server.certificate}`,
      `--tls-private-key-file=${this.#server.key}`,
      `--client-ca-file=${this.authority.certificate}`,
      `--service-account-key-file=${this.#signingKey}`,
      `--service-account-signing-key-file=${this.#signingKey}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--authorization-mode=RBAC",
      // it would ask every Pod for a token that only a controller manager makes
      "--disable-admission-plugins=ServiceAccount",
      "--v=0",
    ], path.join(this.folder, "api-server.log"));
    await this.#apiServer.waitUntil(async () => await this.admin.call("GET", "/readyz") === "ok");
  }

  async interrupt(): Promise<void> {
    await this.#apiServer?.end();
  }

  async createNamespace(): Promise<string> {
    const name = `test-${++this.#names}`;
    await this.admin.call("POST", "/api/v1/namespaces", { metadata: { name } });
    return name;
  }

  async userKubeconfig(namespace: string, rules: PolicyRule[]): Promise<string> {
    const name = `user-${++this.#names}`;
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await this.admin.call("POST", `${rbac}/roles`, { metadata: { name }, rules });
    await this.admin.call("POST", `${rbac}/rolebindings`, {
      metadata: { name },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name }],
      roleRef: { kind: "Role", apiGroup: "rbac.authorization.k8s.io", name },
    });
    await this.#waitForRule(name, namespace, rules[0]);
    return this.#writeKubeconfig(name, this.authority.signClient(name), namespace);
  }

  async stop(): Promise<void> {
    this.admin.close();
    await this.#apiServer?.end();
    await this.#etcd?.end();
  }

  /** The authorizer learns of rules by a watch of its own, a moment after they are stored. */
  async #waitForRule(user: string, namespace: string, rule?: PolicyRule): Promise<void> {
    if (rule === undefined) return;
    const resourceAttributes = {
      namespace,
      group: rule.apiGroups[0],
      resource: rule.resources[0]!.split("/")[0],
      subresource: rule.resources[0]!.split("/")[1],
      verb: rule.verbs[0],
      name: rule.resourceNames?.[0],
    };
    await this.#apiServer!.waitUntil(async () => {
      const reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      const review = { spec: { user, resourceAttributes } };
      return (await this.admin.call("POST", reviews, review)).status.allowed;
    });
  }

  async #installCrds(): Promise<void> {
    for (const file of fs.readdirSync(crds)) {
      const [crd] = readResources(fs.readFileSync(path.join(crds, file), "utf8"), file);
      const { group, names, versions } = (crd as unknown as CustomResourceDefinition).spec;
      const all = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      await this.admin.call("POST", all, crd);
      const resources = `/apis/${group}/${versions[0]!.name}/${names.plural}`;
      await this.#apiServer!.waitUntil(async () => {
        await this.admin.call("GET", resources);
        return true;
      });
    }
  }

  #writeKubeconfig(name: string, pair: KeyPairFiles, namespace: string): string {
    const file = path.join(this.folder, `${name}.kubeconfig`);
    const named = (field: string, value: unknown) => [{ name, [field]: value }];
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: named("cluster", {
        server: this.url,
        "certificate-authority": this.authority.certificate,
      }),
      users: named("user", { "client-certificate": pair.certificate, "client-key": pair.key }),
      contexts: named("context", { cluster: name, user: name, namespace }),
    };
    fs.writeFileSync(file, writeYaml(config), { mode: 0o600 });
    return file;
  }
}

interface CustomResourceDefinition {
  spec: { group: string; names: { plural: string }; versions: { name: string }[] };
}
