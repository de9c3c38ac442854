import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldPaths, outputs } from "../../../scripts/reference/outputs.ts";
import type { AccessStage } from "../stage/access_stage.ts";
import { shareAccessStage } from "../stage/access_stage.ts";
import { assertDescribed, wordsOf } from "../stage/described_output.ts";
import { apiVersion } from "../../../src/resources/api_version.ts";
import { eventually } from "../stage/eventually.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { RoutedSite } from "../stage/routed_sites.ts";
import { listGrants } from "../stage/sites.ts";

// The harness checks all JSON that any test has printed; here every command prints some.

/** Commands on sites, in an order in which they can; LINK is the link that is made. */
const skupperLines = [
  "version",
  "doctor",
  "site generate north",
  "controller start",
  "controller status",
  "site create west -n west --enable-link-access --link-host 127.0.0.1",
  "site update --link-host 127.0.0.1 -n west",
  "site status -n west",
  "site create east -n east",
  "key new t.key",
  "token issue t.yaml -n west --link-cost 2",
  "token inspect t.yaml",
  "grant list -n west",
  "grant status LINK -n west",
  "wait grant LINK -n west",
  "token status -n east",
  "token status dropped -n east",
  "token inspect t.yaml --probe",
  "token redeem t.yaml -n east --dry-run",
  "token redeem t.yaml -n east",
  "audit show",
  "audit verify",
  "token issue - -n west",
  "link generate -n west",
  "link status -n east",
  "link status LINK -n east",
  "link update LINK --cost 3 -n east",
  "link check -n east",
  "get routeraccesses -n west",
  "get site west -n west",
  "describe ln,secrets,to -n east",
  "apply -f site.yaml -n west",
  "grant revoke LINK -n west",
  "grant revoke LINK -n west --quiet",
  "link delete LINK -n east",
  "link delete LINK -n east --quiet",
  "network -n routed",
  "delete -f site.yaml -n west",
  "site delete -n east",
  "site delete -n east --quiet",
  "controller manifest",
  "controller restart",
  "controller stop",
  "controller stop",
];

/** Commands on JFrog's servers; URL is the stand-in's, ID the id of the token made. */
const jfrogLines = [
  "config edit token --user alice",
  "config edit password --user alice",
  "config edit ssh --url URL",
  "config edit certificate --url URL",
  "config add acme --url URL --user admin --access-token-stdin",
  "config show",
  "config edit acme --user alice",
  "config use acme",
  "config check acme",
  "access-token inspect acme",
  "config export acme",
  "access-token-create --dry-run --project key",
  "access-token-create --refreshable --reference --description test",
  "access-token create --description test",
  "rt access-token-create --description test",
  "rt ping",
  "access-token list",
  "access-token show ID",
  "access-token refresh --url URL --refresh-token-stdin",
  "access-token revoke ID",
  "access-token revoke ID --quiet",
  "exchange-oidc-token github",
  "config remove acme --quiet",
];

test(
  "the commands on sites print what the reference says",
  inSandbox(async (sandbox) => {
    const routed = await RoutedSite.start(sandbox, "routed", { platform: "linux" });
    try {
      await printAll(sandbox);
    } finally {
      await routed.end();
    }
  }),
);

async function printAll(sandbox: Sandbox): Promise<void> {
  let link = "";
  for (const line of skupperLines) {
    const args = [...line.replaceAll("LINK", link).split(" "), "-o", "json"];
    const printsToken = / - |link generate/.test(line);
    const { code, stdout, stderr } = await sandbox.hawser(args, { printsToken });
    assert.equal(
      code,
      line.startsWith("link check") ? 8 : line === "doctor" ? 3 : 0,
      `${line}\n${stderr}`,
    );
    note(args, stdout);
    if (line.startsWith("token issue t.yaml")) {
      // one that is never redeemed, for what shows it
      const dropped = sandbox.read("t.yaml").replace(/^ {2}name: .*$/m, "  name: dropped")
        .replace(/https:.*$/m, "https://127.0.0.1:1/x");
      sandbox.write("data/namespaces/east/input/resources/dropped.yaml", dropped);
      const broken = { expirationWindow: "soon" };
      const grant = { apiVersion, kind: "AccessGrant", metadata: { name: "broken" } };
      sandbox.write(
        "data/namespaces/west/input/resources/broken.yaml",
        JSON.stringify({ ...grant, spec: broken }),
      );
      await eventually(async () => (await listGrants(sandbox))[0]?.status === "Error");
    }
    if (line.startsWith("site status")) sandbox.write("site.yaml", stdout); // JSON is YAML
    if (line.startsWith("token issue t.yaml")) link = JSON.parse(stdout).grant;
  }
}

/** Servers that have between them every field a server can have; PATH is the sandbox's folder. */
const configured = [
  {
    serverId: "token",
    ...Object.fromEntries(
      ["url", "artifactoryUrl", "distributionUrl", "xrayUrl", "xscUrl", "catalogUrl"].concat(
        ["missionControlUrl", "pipelinesUrl", "accessUrl"],
      ).map((name) => [name, "https://acme.example/"]),
    ),
    accessToken: "CanaryConfigured1",
    refreshToken: "CanaryConfigured2",
    artifactoryRefreshToken: "CanaryConfigured3",
    webLogin: true,
    disableTokenRefresh: true,
    isDefault: true,
  },
  {
    serverId: "password",
    url: "https://acme.example/",
    user: "alice",
    password: "CanaryConfigured4",
    tokenRefreshInterval: 60,
  },
  {
    serverId: "ssh",
    url: "https://acme.example/",
    sshKeyPath: "PATH/key",
    sshPassphrase: "CanaryConfigured5",
  },
  {
    serverId: "certificate",
    url: "https://acme.example/",
    clientCertPath: "PATH/cert.pem",
    clientCertKeyPath: "PATH/key.pem",
  },
];

/** Fields that only an engine, a cluster, systemd, a router, a refusal or JFrog's server prints. */
const printedElsewhere = [
  /^audit show: \[\]\.reason$/,
  /^site status: (router\.(kept|reload|why|name|links|remoteSites)|at|change|site)\b/,
  /^link status: (at|change|link)\b/,
  /^network: (sites\[\]\.answered|links\[\]\.)/,
  /^link (status|check): (\[\]\.)?router\b/,
  /^(apply: items|(apply|delete): live)\b/,
  /^(link update|link delete): live\.(until|why)$/,
  /^site status: signing\.why$/,
  /^link check: (.*\.warning|\[\]\.lacks)$/,
  /^controller \w+: (answers|engine|container|image|unit|problem|takenPort|clock|certificate.*)$/,
  /^controller status: cluster\b/,
  /^controller manifest: (apiVersion|kind|items)\b/,
  /^(rt )?access-token.*: (refreshable|reference_token|grant_type|audience)$/,
  /^access-token refresh: (serverId|byUs)$/,
  /: (status|status_code|body)$/,
];

const stage = shareAccessStage();
const seen: Record<string, Set<string>> = {};

test(
  "JFrog's commands print what the reference says",
  stage.use(async (stage) => {
    const { sandbox, api } = stage;
    const text = JSON.stringify({ servers: configured, version: "6" });
    sandbox.write("home/.jfrog/jfrog-cli.conf.v6", text.replaceAll("PATH", sandbox.folder));
    sandbox.write("key", "");
    const { cert, key } = await api.clientCertificate(Date.now());
    sandbox.write("cert.pem", cert);
    sandbox.write("key.pem", key);
    let token: Record<string, string> = {};
    for (const line of jfrogLines) {
      const { code, stdout, stderr } = await call(stage, line.replace("ID", token["token_id"]!), {
        refresh: token["refresh_token"] ?? "",
      });
      assert.equal(code, 0, `${line}\n${stderr}`);
      note(line.split(" "), stdout);
      if (/--refreshable|--refresh-token/.test(line)) token = JSON.parse(stdout);
      if (line.startsWith("config export")) await importBack(stage, JSON.parse(stdout).token);
    }
  }),
);

test("no output held a secret that is not its result", stage.end);

test("every command with an output is among those above", () => {
  const run = [...skupperLines, ...jfrogLines, "config import"].map((line) =>
    wordsOf(line.split(" "))
  );
  assert.deepEqual(Object.keys(outputs).filter((words) => !run.includes(words)), []);
});

test("every field of the reference was printed, but for those listed", () => {
  const missing = Object.entries(fieldPaths()).flatMap(([words, paths]) =>
    paths.filter((path) => !seenOf(words).has(path)).map((path) => `${words}: ${path}`)
  );
  const isListed = (path: string) => printedElsewhere.some((pattern) => pattern.test(path));
  assert.deepEqual(missing.filter((path) => !isListed(path)), []);
  const needless = printedElsewhere.filter((pattern) =>
    !missing.some((path) => pattern.test(path))
  );
  assert.deepEqual(needless, []);
});

/** The fields that a command has printed, or another one whose output is described as one. */
function seenOf(words: string): Set<string> {
  const same = Object.keys(outputs).filter((other) => outputs[other] === outputs[words]);
  return new Set(same.flatMap((other) => [...seen[other] ?? []]));
}

test("an output with a field more, less or of another type is found", () => {
  const revoke = ["grant", "revoke", "x", "--output=json"];
  assertDescribed(revoke, '{"revoked":"x","platform":"linux"}');
  for (const wrong of ['{"revoked":"x","platform":"linux","more":1}', "{}", '{"revoked":1}']) {
    assert.throws(() => assertDescribed(revoke, wrong), /not as scripts\/reference has it/);
  }
});

/** Keeps the paths of the fields that a command has printed. */
function note(args: string[], stdout: string): void {
  const words = wordsOf(args);
  seen[words] ??= new Set();
  const visit = (value: unknown, path: string) => {
    if (Array.isArray(value)) return value.forEach((one) => visit(one, `${path}[]`));
    if (typeof value !== "object" || value === null) return;
    for (const [name, field] of Object.entries(value)) {
      const at = path === "" ? name : `${path}.${name}`;
      seen[words]!.add(at);
      visit(field, at);
    }
  };
  visit(JSON.parse(stdout), "");
}

function call({ call, admin }: AccessStage, line: string, { refresh }: { refresh: string }) {
  const stdin = line.includes("--refresh-token-stdin") ? refresh : admin.value;
  const env = { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "ID_TOKEN" };
  return call([...line.split(" "), "-o", "json"], { stdin, env });
}

async function importBack(stage: AccessStage, token: string): Promise<void> {
  const line = ["config", "import", "-", "-o", "json"];
  const { code, stderr } = await stage.call(line, { stdin: token });
  assert.equal(code, 0, stderr);
}
