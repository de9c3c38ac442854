import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { type AppError, isAppError } from "../../../src/errors/app_error.ts";
import type { ErrorCode } from "../../../src/errors/catalog.ts";
import { type ContextRequest, type KubeContext, loadContext } from "./kubeconfig.ts";

let folder: string;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubeconfig-"));
});

after(() => fs.rmSync(folder, { recursive: true }));

const west = `
apiVersion: v1
kind: Config
current-context: west
clusters:
- name: west
  cluster: { server: "https://west.example:6443/", certificate-authority: pki/ca.crt }
users:
- name: admin
  user: { client-certificate: admin.crt, client-key: /etc/admin.key, tokenFile: token }
contexts:
- name: west
  context: { cluster: west, user: admin, namespace: shop }
- name: anonymous
  context: { cluster: west }
`;

const east = `
current-context: east
clusters:
- name: west
  cluster: { server: "https://hijacked.example" }
- name: east
  cluster: { server: "https://east.example" }
users:
- name: admin
  user: { token: other }
- name: plugin
  user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: ./bin/login } }
- name: path
  user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: login } }
contexts:
- name: east
  context: { cluster: east, user: admin }
- name: plugin
  context: { cluster: east, user: plugin }
- name: path
  context: { cluster: east, user: path }
`;

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

function load(request: Partial<ContextRequest>, pod?: string): Promise<KubeContext> {
  return loadContext({ kubeconfig: undefined, context: undefined, env: {}, ...request }, pod);
}

async function fails(code: ErrorCode, request: Partial<ContextRequest>): Promise<AppError> {
  const error = await load(request).then(() => undefined, (error) => error);
  assert.ok(isAppError(error, code), `not ${code} but ${error}`);
  return error;
}

test("loadContext() takes the current context, its paths relative to its file", async () => {
  const context = await load({ kubeconfig: write("a/west", west) });
  assert.equal(context.name, "west");
  assert.equal(context.namespace, "shop");
  assert.equal(context.cluster.server, "https://west.example:6443/");
  assert.equal(context.cluster["certificate-authority"], path.join(folder, "a/pki/ca.crt"));
  assert.deepEqual(context.user, {
    "client-certificate": path.join(folder, "a/admin.crt"),
    "client-key": "/etc/admin.key",
    tokenFile: path.join(folder, "a/token"),
  });
});

test("loadContext() takes the context asked for; one without a user is anonymous", async () => {
  const context = await load({ kubeconfig: write("west", west), context: "anonymous" });
  assert.deepEqual(context.user, {});
  assert.equal(context.namespace, undefined);
});

test("loadContext() of several files takes what the first says", async () => {
  const files = [write("none", ""), path.join(folder, "absent"), write("west", west)];
  const env = { KUBECONFIG: [...files, write("east", east), ""].join(path.delimiter) };
  const first = await load({ env });
  assert.equal(first.name, "west");
  assert.equal(first.cluster.server, "https://west.example:6443/");
  const second = await load({ env, context: "east" });
  assert.equal(second.cluster.server, "https://east.example");
  assert.equal(second.user["client-key"], "/etc/admin.key");
});

test("loadContext() looks for a plugin beside its file, or in PATH", async () => {
  const kubeconfig = write("east", east);
  const plugin = await load({ kubeconfig, context: "plugin" });
  assert.equal(plugin.user.exec?.command, path.join(folder, "bin/login"));
  assert.equal((await load({ kubeconfig, context: "path" })).user.exec?.command, "login");
});

test("loadContext() reads ~/.kube/config, or JSON", async () => {
  const config = {
    "current-context": "x",
    clusters: [{ name: "x", cluster: { server: "https://x" } }],
    contexts: [{ name: "x", context: { cluster: "x" } }],
  };
  write("home/.kube/config", JSON.stringify(config));
  const context = await load({ env: { HOME: path.join(folder, "home"), KUBECONFIG: "" } });
  assert.equal(context.cluster.server, "https://x");
});

test("loadContext() in a Pod uses what the Pod was given", async () => {
  const pod = path.join(folder, "pod");
  for (const name of ["token", "ca.crt", "namespace"]) write(`pod/${name}`, `${name}\n`);
  const env = {
    HOME: folder,
    KUBERNETES_SERVICE_HOST: "fd00::1",
    KUBERNETES_SERVICE_PORT: "443",
  };
  assert.deepEqual(await load({ env }, pod), {
    name: "in-cluster",
    cluster: {
      server: "https://[fd00::1]:443",
      "certificate-authority": path.join(pod, "ca.crt"),
    },
    user: { tokenFile: path.join(pod, "token") },
    namespace: "namespace",
    files: [pod],
  });
});

test("loadContext() tells a missing file from an empty one and from one without a cluster", async () => {
  const env = { HOME: path.join(folder, "nobody") };
  assert.equal((await fails("kubeconfig-missing", { env })).exitCode, 3);
  await fails("file-not-found", { kubeconfig: path.join(folder, "absent") });
  for (const text of ["", "apiVersion: v1\nkind: Config\n", "contexts: []"]) {
    const error = await fails("kubeconfig-empty", { kubeconfig: write("empty", text) });
    assert.equal(error.exitCode, 3);
  }
  await fails("not-readable", { kubeconfig: folder });
});

test("loadContext() names the contexts there are", async () => {
  const kubeconfig = write("west", west);
  const unknown = await fails("context-unknown", { kubeconfig, context: "nort" });
  assert.equal(unknown.exitCode, 2);
  const known = ["anonymous", "west"];
  assert.deepEqual((unknown.data as { known: string[] }).known, known);
  const unset = write("unset", west.replace("current-context: west", 'current-context: ""'));
  const error = await fails("context-unset", { kubeconfig: unset });
  assert.deepEqual((error.data as { known: string[] }).known, known);
});

test("loadContext() says what is wrong with a kubeconfig, and shows no secret of it", async () => {
  const table: [text: string, why: RegExp][] = [
    [west.replace("clusters:", "clusters"), /line \d+/],
    ["\0\x01binary", /line 1|mapping/],
    ["- a list", /mapping/],
    ["contexts: 5", /contexts is no list/],
    ["contexts: [5]", /an entry of contexts/],
    ["contexts: [null]", /an entry of contexts/],
    [west.replace("cluster: west,", "cluster: gone,"), /cluster "gone", which is not there/],
    [west.replace("user: admin,", "user: gone,"), /user "gone", which is not there/],
    [west.replace("https:", "http:"), /must be an https:/],
    [west.replace("https://west.example:6443/", "west"), /must be an https:/],
    [west.replace("tokenFile: token", "exec: {}"), /exec plugin has no command/],
    [`${west}\nusers: [{ token: hunter2 }`, /line \d+/],
  ];
  for (const [text, why] of table) {
    const error = await fails("kubeconfig-invalid", { kubeconfig: write("bad", text) });
    assert.match(error.message, why);
    assert.equal(error.exitCode, 2);
    assert.doesNotMatch(`${error.message}${error.cause}`, /hunter2/);
  }
});

/** A kubeconfig of one context. */
function single(parts: { cluster?: string; user?: string; context?: string; more?: string }) {
  const { cluster = 'server: "https://a.example"', user = "token: t", context = "", more } = parts;
  return `current-context: c
clusters:
- name: c
  cluster: { ${cluster} }
${more ?? ""}
users:
- name: u
  user: { ${user} }
contexts:
- name: c
  context: { cluster: c, user: u${context} }
`;
}

const oddities: [what: string, text: string, wanted: string | Partial<KubeContext>][] = [
  ["an empty namespace is the usual one", single({ context: ', namespace: ""' }), {
    namespace: undefined,
  }],
  ["an entry without a name that nothing uses", single({ more: "- cluster: {}" }), { name: "c" }],
  [
    "a merge key",
    `base: &base { server: "https://b.example" }\n${
      single({ cluster: '<<: *base, tls-server-name: "x"' })
    }`,
    { cluster: { "tls-server-name": "x", server: "https://b.example" } },
  ],
  [
    "blanks behind the server",
    single({ cluster: 'server: "https://a.example  "' }),
    'the server of cluster "c" must be an https:// url',
  ],
  [
    "a token with a line break",
    single({ user: 'token: "abc\\n"' }),
    'the token of user "u" has a blank, a line break or a character in it that no token has',
  ],
  [
    "groups without a user to act as",
    single({ user: "as-groups: [g]" }),
    'user "u" has as-groups or as-uid without as',
  ],
];

for (const [what, text, wanted] of oddities) {
  test(`loadContext() with ${what}`, async () => {
    const kubeconfig = write("odd", text);
    const loading = loadContext({ kubeconfig, context: undefined, env: {} });
    if (typeof wanted === "string") {
      await assert.rejects(
        loading,
        (error) => isAppError(error, "kubeconfig-invalid") && error.data.why === wanted,
      );
      return;
    }
    const found = await loading;
    for (const [field, value] of Object.entries(wanted)) {
      assert.deepEqual(found[field as keyof KubeContext], value);
    }
  });
}
