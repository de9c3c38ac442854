import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as path from "node:path";
import { test } from "node:test";
import {
  type AccessApi,
  type AccessApiOptions,
  answerWith,
  hangUp,
  startAccessApi,
} from "../../fakes/access_api.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";

const file = "home/.jfrog/jfrog-cli.conf.v6";
const password = "CanaryPassword0002";
const encrypted = "AP5CanaryEncrypted0002";

/** The body of a test with a stand-in for the platform, where nothing secret may come out. */
function withPlatform(
  body: (sandbox: Sandbox, platform: AccessApi) => Promise<void>,
  options: AccessApiOptions = { plain: true },
) {
  return inSandbox(async (sandbox) => {
    sandbox.secrets.push(password, encrypted);
    const platform = await startAccessApi(options);
    try {
      await body(sandbox, platform);
    } finally {
      await platform.close();
    }
  });
}

function addWithPassword(sandbox: Sandbox, platform: AccessApi, ...more: string[]) {
  const login = ["--user", "Ann", "--password-stdin"];
  return sandbox.hawser(["config", "add", "a", `--url=${platform.url}`, ...login, ...more], {
    stdin: password,
  });
}

function servers(sandbox: Sandbox): Record<string, unknown>[] {
  return JSON.parse(sandbox.read(file)).servers;
}

test(
  "config add has Artifactory encrypt the password, once, as the user in lower case",
  withPlatform(async (sandbox, platform) => {
    platform.misbehave(answerWith(200, encrypted));
    const { code, stdout, stderr } = await addWithPassword(sandbox, platform);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const [call, ...others] = platform.calls;
    assert.equal(
      `${call!.method} ${call!.path}`,
      "GET /artifactory/api/security/encryptedPassword",
    );
    const basic = Buffer.from(`ann:${password}`).toString("base64");
    assert.equal(call!.headers.authorization, `Basic ${basic}`);
    assert.deepEqual(others, []);
    const { user, password: stored, tokenRefreshInterval } = servers(sandbox)[0]!;
    assert.deepEqual([user, stored, tokenRefreshInterval], ["ann", encrypted, 60]);
    await sandbox.succeed(["config", "edit", "a", "--xray-url=https://x.example"]);
    assert.equal(platform.calls.length, 1, "an edit of something else encrypts nothing");
  }),
);

test(
  "config add saves nothing where the password is not encrypted, and says why",
  withPlatform(async (sandbox, platform) => {
    const url = `${platform.url}artifactory/api/security/encryptedPassword`;
    const refusals: [answer: ReturnType<typeof answerWith>, code: number, stderr: string][] = [
      [
        answerWith(401, { errors: [{ status: 401, message: "Bad credentials" }] }),
        4,
        `error: ${url} answered 401 Unauthorized: Bad credentials\n` +
        "hint: The token or password is wrong, has expired or was revoked.\n",
      ],
      [
        answerWith(409, "Server doesn't support encrypted passwords"),
        3,
        `error: ${url} does not encrypt passwords: Artifactory is configured not to\n` +
        "hint: To keep the password as it is: --enc-password=false.\n",
      ],
      [
        answerWith(200, "<html>Log in</html>"),
        1,
        `error: The answer of ${url} is not acceptable: it is no encrypted password\n` +
        "hint: Look at the url, or do without: --enc-password=false.\n",
      ],
    ];
    for (const [answer, code, stderr] of refusals) {
      platform.misbehave(answer);
      const outcome = await addWithPassword(sandbox, platform);
      assert.equal(outcome.stderr, stderr);
      assert.equal(outcome.code, code);
      assert.equal((await sandbox.succeed(["config", "show"])).stdout, "");
    }
  }),
);

test(
  "config add asks again where the connection breaks: to encrypt twice does no harm",
  withPlatform(async (sandbox, platform) => {
    platform.misbehave(hangUp, answerWith(200, encrypted));
    const outcome = await addWithPassword(sandbox, platform);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(servers(sandbox)[0]!["password"], encrypted);
  }),
);

test(
  "config add asks nobody where the password is to stay as it is, and none for a token",
  withPlatform(async (sandbox, platform) => {
    const outcome = await addWithPassword(sandbox, platform, "--enc-password=false");
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(servers(sandbox)[0]!["password"], password);
    const token = ["config", "add", "b", `--url=${platform.url}`, "--access-token-stdin"];
    await sandbox.succeed(token, { stdin: "reference" });
    assert.deepEqual(platform.calls, []);
  }),
);

test(
  "config add --insecure-tls trusts a certificate that nobody vouches for, and only then",
  withPlatform(async (sandbox, platform) => {
    const distrusted = await addWithPassword(sandbox, platform);
    assert.match(distrusted.stderr, /its certificate is not trusted\nhint: Put the certificate/);
    assert.equal(distrusted.code, 8);
    assert.deepEqual(platform.calls, []);
    platform.misbehave(answerWith(200, encrypted));
    const trusted = await addWithPassword(sandbox, platform, "--insecure-tls=true");
    assert.equal(trusted.code, 0, trusted.stderr);
    sandbox.write("home/.jfrog/security/certs/ca.pem", platform.ca, 0o644);
    platform.misbehave(answerWith(200, encrypted));
    const vouchedFor = await addWithPassword(sandbox, platform, "--overwrite");
    assert.equal(vouchedFor.code, 0, vouchedFor.stderr);
  }, {}),
);

test(
  "config add exchanges an id token for the token it saves",
  withPlatform(async (sandbox, platform) => {
    const idToken = "CanaryIdToken0002";
    sandbox.secrets.push(idToken);
    const args = ["config", "add", "a", `--url=${platform.url}`, "--oidc-audience=aud"];
    const oidc = [...args, "--oidc-provider-name", "github", "--application-key=app"];
    const env = { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: idToken, JFROG_CLI_BUILD_PROJECT: "proj" };
    await sandbox.succeed([...oidc, "--oidc-provider-type=azure"], { env });
    assert.deepEqual(platform.calls[0]!.body, {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      subject_token: idToken,
      provider_name: "github",
      project_key: "proj",
      audience: "aud",
      provider_type: "Azure",
      application_key: "app",
    });
    const { user, accessToken } = servers(sandbox)[0]!;
    assert.equal(user, "alice");
    assert.equal(typeof accessToken, "string");
    sandbox.secrets.push(String(accessToken));
    const refused = await sandbox.hawser([...oidc, "--overwrite", "--oidc-provider-name=none"], {
      env,
    });
    assert.match(
      refused.stderr,
      /^error: .* answered 400 Bad Request: .*No identity mapping matched/,
    );
    assert.equal(refused.code, 2);
    assert.equal(servers(sandbox)[0]!["accessToken"], accessToken);
    const unknown = await sandbox.hawser([...oidc, "--oidc-provider-type=x"], { env });
    assert.equal(
      unknown.stderr,
      'error: Invalid value "x" for --oidc-provider-type: it must be one of GitHub, Azure, GenericOidc\n',
    );
  }),
);

test(
  "config add tells of a token that was made of an id token, and could not be kept",
  withPlatform(async (sandbox, platform) => {
    sandbox.write("home/.jfrog/locks", "in the way");
    const args = ["config", "add", "a", `--url=${platform.url}`, "--oidc-provider-name=github"];
    const env = { JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID: "CanaryIdToken0001" };
    const { code, stderr } = await sandbox.hawser(args, { env });
    assert.equal(code, 1);
    const made = platform.tokens.all.at(-1)!;
    assert.match(stderr, /\nerror: Cannot write .*locks/);
    const remedy = `hawser access-token revoke ${made.token_id} revokes it\n`;
    assert.ok(stderr.includes(`which could not be kept: ${remedy}`), stderr);
    sandbox.secrets.push(made.value);
  }),
);

test(
  "config migrates an old encrypted file, as one whose home is elsewhere",
  inSandbox(async (sandbox) => {
    const key = "randomkeywithlengthofexactly32!!";
    const stored = "AAECAwQFBgcICQoLnBqzv5YQOc/JegXPQ2Tjth9b4Tq7zwTw";
    const old = JSON.stringify({
      servers: [{ url: "https://a/", password: stored, serverId: "a", isDefault: true }],
      version: "5",
      enc: true,
    });
    sandbox.write("elsewhere/jfrog-cli.conf.v5", old);
    sandbox.write("elsewhere/security/security.yaml", `version: 1\nmasterKey: "${key}"\n`);
    const env = { JFROG_CLI_HOME_DIR: path.join(sandbox.folder, "elsewhere") };
    const { stdout } = await sandbox.succeed(["config", "show"], { env });
    assert.match(stdout, /^Server ID:\t\t\ta\n.*\nPassword:\t\t\t\*\*\*\n/);
    const { servers, version, enc } = JSON.parse(sandbox.read("elsewhere/jfrog-cli.conf.v6"));
    assert.deepEqual([servers.length, version, enc], [1, "6", true]);
    assert.equal(sandbox.read("elsewhere/jfrog-cli.conf.v5"), old);
    const exported = await sandbox.succeed(["config", "export"], { env, printsToken: true });
    assert.match(Buffer.from(exported.stdout, "base64").toString(), /"password":"password"/);
  }),
);
