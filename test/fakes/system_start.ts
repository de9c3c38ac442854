import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { namespacePaths } from "../../platforms/resource_files/paths.ts";
import { listResourceFiles } from "../../platforms/resource_files/store/resource_reader.ts";
import { type PlainDocument, readResources, writeYaml } from "../../src/resources/yaml.ts";
import { isIP } from "node:net";
import { type Access, type Certificates, provideCertificates } from "./system_certificates.ts";

/**
 * Releases of upstream, of which each writes namespaces in a way of its own (spec, version matrix).
 */
export const releases = ["2.0.0", "2.1.4", "2.2.0", "2.2.1", "2.3.0"] as const;

/** What `skupper system start` is run with, and what it finds on the machine. */
export interface Machine {
  home: string;
  namespace: string;
  platform: "docker" | "podman" | "linux";
  release: (typeof releases)[number];
  /** Addresses and name of the machine, for the certificate of the links' listener. */
  hosts: string[];
  /** The first ports that are free; the roles' own where a RouterAccess names none. */
  ports: { normal: number; "inter-router": number; edge: number };
}

export type Resource = PlainDocument & {
  kind: string;
  metadata: { name: string; namespace?: string };
  // deno-lint-ignore no-explicit-any
  spec?: any;
  // deno-lint-ignore no-explicit-any
  status?: any;
};

/** What upstream's client writes for `site create <name> --enable-link-access`. */
export function siteInput(machine: Machine, name: string, spec: object = {}): void {
  const writesAccess = machine.release < "2.2.1";
  put(machine, "input/resources", {
    apiVersion: "skupper.io/v2alpha1",
    kind: "Site",
    metadata: { name, namespace: machine.namespace },
    spec: { ...writesAccess ? {} : { linkAccess: "default" }, ...spec },
  });
  if (!writesAccess) return;
  const { normal: _, ...ports } = machine.ports;
  put(machine, "input/resources", routerAccess(machine, `router-access-${name}`, ports));
}

/** Puts a resource where a user puts it. */
export function putInput(machine: Machine, resource: Resource): void {
  put(machine, "input/resources", resource);
}

/**
 * Does to a namespace what `skupper system start` does (docs/spec/skupper-system-sites.md 1.2, 1.3,
 * 3, 4) short of starting a router; run again on the same namespace, what `skupper system reload`
 * does.
 */
export async function systemStart(machine: Machine): Promise<void> {
  const { root, inputResources, runtimeResources, platformFile } = pathsOf(machine);
  const input = await load(machine, inputResources);
  const siteId = siteIdOf(machine) ?? randomUUID();
  if (fs.existsSync(platformFile)) {
    for (const part of ["router", "certs", "resources", "links"]) {
      fs.rmSync(join(root, "runtime", part), { recursive: true, force: true });
    }
    fs.rmSync(join(root, "internal/snapshot"), { recursive: true, force: true });
  } else if (fs.existsSync(runtimeResources)) {
    throw new Error(`namespace already exists: ${machine.namespace}`);
  }
  await render(machine, input, siteId);
}

/** What the controller of upstream does after a change of the input: nothing is removed first. */
export async function systemRefresh(machine: Machine): Promise<void> {
  const input = await load(machine, pathsOf(machine).inputResources);
  await render(machine, input, siteIdOf(machine)!);
}

/** `skupper system stop`: all of the namespace goes. */
export function systemStop(machine: Machine): void {
  fs.rmSync(pathsOf(machine).root, { recursive: true });
}

/** Reads as upstream's loader: every document of every file, known by its name. */
async function load(machine: Machine, folder: string): Promise<Resource[]> {
  const found = new Map<string, Resource>();
  for (const file of await listResourceFiles(folder)) {
    for (const document of readResources(fs.readFileSync(file, "utf8"), file)) {
      const resource = document as Resource;
      found.set(`${resource.kind}/${resource.metadata.name}`, resource);
    }
  }
  const input = [...found.values()];
  const sites = input.filter(({ kind }) => kind === "Site");
  if (sites.length > 1) {
    throw new Error("multiple sites found, but only one site is allowed for bootstrapping");
  }
  if (sites.length === 0) throw new Error("no valid site definition has been found");
  for (const { metadata } of input) {
    const own = metadata.namespace || "default";
    if (own === machine.namespace) continue;
    throw new Error(
      `namespace must be "${machine.namespace}", but sources are defined using "${own}"`,
    );
  }
  return structuredClone(input);
}

async function render(machine: Machine, input: Resource[], siteId: string): Promise<void> {
  const { root, platformFile } = pathsOf(machine);
  for (const folder of ["input/issuers", "input/certs", "runtime/links", "internal/snapshot"]) {
    fs.mkdirSync(join(root, folder), { recursive: true });
  }
  fs.writeFileSync(platformFile, `platform: ${machine.platform}\n`);
  for (const resource of input) put(machine, "internal/snapshot", resource);
  const site = input.find(({ kind }) => kind === "Site")!;
  const accesses = accessesOf(machine, site, input);
  const links = input.filter(({ kind }) => kind === "Link");
  const secrets = input.filter(({ kind }) => kind === "Secret");
  const local = routerAccess(machine, "skupper-local", { normal: machine.ports.normal });
  Object.assign(local.spec, {
    bindHost: "127.0.0.1",
    tlsCredentials: "skupper-local-server",
    issuer: "skupper-local-ca",
  });
  delete local.spec.subjectAlternativeNames;
  const certificates = await provideCertificates(root, accesses as Access[], secrets); // with a spec
  writeProfiles(root, links, secrets);
  const endpoints = accesses.flatMap(({ metadata, spec }) =>
    spec.roles.map((role: { name: string; port: number }) => ({
      name: `${metadata.name}-${role.name}`,
      host: spec.bindHost ?? "",
      port: String(role.port),
      group: "skupper-router",
    }))
  );
  const ready = { status: "Ready", message: "OK" };
  const states: [Resource, object | undefined][] = [
    [{ ...site, metadata: { ...site.metadata, uid: siteId } as Resource["metadata"] }, {
      ...ready,
      ...(endpoints.length > 0 ? { endpoints } : {}),
      conditions: conditions("Configured", "Ready", "Running"),
    }],
    ...accesses.map((each): [Resource, object] => [each, { ...ready, endpoints }]),
    [local, { status: "Pending", message: "Not Resolved" }],
    ...links.map((each): [Resource, object] => [each, {
      status: "Pending",
      message: "Not Operational",
      conditions: conditions("Configured"),
    }]),
    ...secrets.map((each): [Resource, undefined] => [each, undefined]),
  ];
  for (const [resource, status] of states) {
    const metadata = { creationTimestamp: null, ...resource.metadata };
    put(machine, "runtime/resources", { ...resource, metadata, ...(status && { status }) });
  }
  for (const access of accesses) writeStaticLinks(machine, access, certificates);
  writeRouter(machine, siteId, site, [local, ...accesses], links);
}

/**
 * The RouterAccesses of the input, and the one that newer releases make of the Site's linkAccess.
 */
function accessesOf(machine: Machine, site: Resource, input: Resource[]): Resource[] {
  const accesses = input.filter(({ kind }) => kind === "RouterAccess");
  const wanted = site.spec?.linkAccess;
  const name = site.metadata.name;
  const isNamed = accesses.some((access) => access.metadata.name === name);
  if (machine.release >= "2.2.1" && wanted && wanted !== "none" && !isNamed) {
    const { normal: _, ...ports } = machine.ports;
    accesses.push(routerAccess(machine, name, ports));
  }
  for (const { metadata, spec } of accesses) spec.tlsCredentials ||= metadata.name;
  return accesses;
}

function routerAccess(machine: Machine, name: string, ports: Record<string, number>): Resource {
  return {
    apiVersion: "skupper.io/v2alpha1",
    kind: "RouterAccess",
    metadata: { name, namespace: machine.namespace },
    spec: {
      roles: Object.entries(ports).map(([name, port]) => ({ name, port })),
      subjectAlternativeNames: ["0.0.0.0", "::", ...machine.hosts],
    },
  };
}

function writeProfiles(root: string, links: Resource[], secrets: Resource[]): void {
  for (const link of links) {
    const name = link.spec.tlsCredentials;
    const secret = secrets.find(({ metadata }) => metadata.name === name);
    if (secret === undefined) {
      throw new Error(`invalid link "${link.metadata.name}" - secret "${name}" not found`);
    }
    const folder = join(root, "runtime/certs", `${name}-profile`);
    fs.mkdirSync(folder, { recursive: true });
    for (const [key, value] of Object.entries(secret["data"] as Record<string, string>)) {
      fs.writeFileSync(join(folder, key), atob(value), { mode: 0o640 });
    }
  }
}

/** One token a host, those that lead nowhere included (spec 4). */
function writeStaticLinks(machine: Machine, access: Resource, certificates: Certificates): void {
  const { name } = access.metadata;
  const data = certificates.encoded(`client-${access.spec.tlsCredentials}`);
  const hosts: string[] = access.spec.subjectAlternativeNames ?? [];
  for (const host of new Set(["127.0.0.1", ...hosts.toSorted((a, b) => isIP(b) - isIP(a))])) {
    const endpoints = access.spec.roles.map((role: { name: string; port: number }) => ({
      name: role.name,
      host,
      port: String(role.port),
    }));
    const metadata = { creationTimestamp: null, name: `link-${name}` };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, data, type: "kubernetes.io/tls" };
    const spec = { cost: 1, endpoints, tlsCredentials: `link-${name}` };
    const link = { apiVersion: "skupper.io/v2alpha1", kind: "Link", metadata, spec, status: {} };
    fs.writeFileSync(
      join(pathsOf(machine).root, "runtime/links", `link-${name}-${host}.yaml`),
      `---\n${writeYaml(secret)}---\n${writeYaml(link)}`,
    );
  }
}

function writeRouter(
  machine: Machine,
  siteId: string,
  site: Resource,
  accesses: Resource[],
  links: Resource[],
): void {
  const { platform, release } = machine;
  const metadata = JSON.stringify({ id: siteId, version: release, platform });
  const mode = site.spec?.edge ? "edge" : "interior";
  const role = site.spec?.edge ? "edge" : "inter-router";
  const id = `${site.metadata.name}-${Math.floor(Date.now() / 1000)}-${Date.now() % 1000}`;
  // a container finds them elsewhere than this machine does
  const base = platform === "linux" ? pathsOf(machine).root : "${SSL_PROFILE_BASE_PATH}";
  const profiles = new Set([
    ...links.map(({ spec }) => `${spec.tlsCredentials}-profile`),
    ...accesses.map(({ spec }) => spec.tlsCredentials),
  ]);
  const config = [
    ["router", { id, mode, metadata, helloMaxAgeSeconds: "3" }],
    ...[...profiles].map((name) => ["sslProfile", {
      name,
      certFile: `${base}/runtime/certs/${name}/tls.crt`,
      privateKeyFile: `${base}/runtime/certs/${name}/tls.key`,
      caCertFile: `${base}/runtime/certs/${name}/ca.crt`,
    }]),
    ...links.flatMap(({ metadata, spec }) =>
      spec.endpoints.filter(({ name }: { name: string }) => name === role)
        .map(({ host, port }: { host: string; port: string }) => ["connector", {
          name: metadata.name,
          role,
          host,
          port,
          cost: Math.max(1, spec.cost ?? 1),
          sslProfile: `${spec.tlsCredentials}-profile`,
        }])
    ),
    ...accesses.flatMap(({ metadata, spec }) =>
      spec.roles.map((role: { name: string; port: number }) => ["listener", {
        name: `${metadata.name}-${role.name}`,
        role: role.name,
        port: role.port,
        sslProfile: spec.tlsCredentials,
        saslMechanisms: "EXTERNAL",
        authenticatePeer: true,
        ...(spec.bindHost ? { host: spec.bindHost } : {}),
      }])
    ),
    ["address", { prefix: "mc", distribution: "multicast" }],
    ["log", { module: "ROUTER_CORE", enable: "error+" }],
    ["site", { name: id, platform, namespace: machine.namespace, version: release }],
  ];
  const folder = pathsOf(machine).runtimeRouter;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, "skrouterd.json"), JSON.stringify(config, null, 4));
}

function siteIdOf(machine: Machine): string | undefined {
  const file = join(pathsOf(machine).runtimeRouter, "skrouterd.json");
  if (!fs.existsSync(file)) {
    if (!fs.existsSync(pathsOf(machine).platformFile)) return undefined;
    throw new Error("unable to load router configuration");
  }
  return JSON.parse(JSON.parse(fs.readFileSync(file, "utf8"))[0][1].metadata).id;
}

function conditions(...types: string[]): object[] {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  return types.map((type) => ({
    type,
    status: "True",
    reason: "Ready",
    message: "OK",
    lastTransitionTime,
  }));
}

function put(machine: Machine, folder: string, resource: Resource): void {
  const path = join(pathsOf(machine).root, folder);
  fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync(
    join(path, `${resource.kind}-${resource.metadata.name}.yaml`),
    writeYaml(resource),
  );
}

function pathsOf(machine: Machine) {
  return namespacePaths(machine.home, machine.namespace);
}
