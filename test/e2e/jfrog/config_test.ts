import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { inSandbox, isRoot, type Sandbox } from "../stage/harness.ts";

const file = "home/.jfrog/jfrog-cli.conf.v6";
const key = "randomkeywithlengthofexactly32!!";

/** Secrets that no output and no file for others may show. */
const canaries = {
  token: "CanaryReferenceToken0001",
  password: "CanaryPassword0001",
  passphrase: "CanaryPassphrase0001",
  refresh: "CanaryRefreshToken0001",
};

const jwt = `e30.${base64url({ sub: "jfac@01/users/Alice" })}.CanarySignature0001`;

const expired = `e30.${base64url({ sub: "jfac@01/users/Alice", exp: 1 })}.CanarySignature0001`;

const services = (url: string) => ({
  url,
  artifactoryUrl: `${url}artifactory/`,
  distributionUrl: `${url}distribution/`,
  xrayUrl: `${url}xray/`,
  missionControlUrl: `${url}mc/`,
  pipelinesUrl: `${url}pipelines/`,
});

const acme = {
  ...services("https://acme.example/"),
  accessToken: canaries.token,
  serverId: "acme",
  isDefault: true,
};
const two = {
  artifactoryUrl: "https://two.example/artifactory/",
  user: "bob",
  password: canaries.password,
  tokenRefreshInterval: 60,
  serverId: "two",
};
const noUser =
  "warning: The access token names no user: a reference token names none. Package managers need one: --user\n";

/** One call of the program, with the servers in the file before and after it. */
interface Case {
  name: string;
  args: string[];
  before?: unknown[];
  env?: Record<string, string>;
  stdin?: string;
  /** 0 if left out. */
  code?: number;
  stdout?: string;
  stderr?: string;
  /** The servers afterwards; as before if left out. */
  after?: unknown[];
}

const cases: Case[] = [
  {
    name: "add derives urls, and the first server is the default",
    args: ["add", "acme", "--url", "https://acme.example", "--access-token-stdin"],
    stdin: `${canaries.token}\n`,
    stderr: noUser,
    after: [acme],
  },
  {
    name: "add names a server without a name as jf does, and takes the user from the token",
    args: ["add", "--url=https://acme.example", "--access-token-stdin=true", "--interactive=false"],
    stdin: jwt,
    after: [{
      ...services("https://acme.example/"),
      user: "alice",
      accessToken: jwt,
      serverId: "Default-Server",
      isDefault: true,
    }],
  },
  {
    name:
      "add takes JFROG_CLI_SERVER_ID for the name, puts the server last, and leaves the default",
    args: [
      "add",
      "--url",
      "https://b.example/",
      "--xray-url",
      "https://x.example",
      "--user",
      "Bob",
    ],
    env: { JFROG_CLI_SERVER_ID: "b" },
    before: [acme],
    after: [acme, {
      ...services("https://b.example/"),
      xrayUrl: "https://x.example/",
      user: "bob",
      serverId: "b",
    }],
  },
  {
    name: "add warns of a token that others can see, and where it leads",
    args: [
      "add",
      "b",
      "--url",
      "https://b.example/",
      "--user",
      "u",
      "--access-token",
      "CanaryArg01",
    ],
    stderr:
      "warning: Others on this machine can see --access-token; --access-token-stdin hides it\n",
    after: [{
      ...services("https://b.example/"),
      user: "u",
      accessToken: "CanaryArg01",
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add keeps a password as it is where that is asked for, and warns of http",
    args: [
      "add",
      "b",
      "--url",
      "http://b.example/",
      "--user",
      "U",
      "--password-stdin",
      "--enc-password=false",
    ],
    stdin: canaries.password,
    stderr: "warning: The server's url is http, not https: credentials can be read on the way\n",
    after: [{
      ...services("http://b.example/"),
      user: "u",
      password: canaries.password,
      tokenRefreshInterval: 60,
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add does not warn of http to this machine, and leaves basic authentication as it is",
    args: [
      "add",
      "b",
      "--artifactory-url=http://localhost:8081/artifactory",
      "--user=u",
      "--password-stdin",
      "--enc-password=false",
      "--basic-auth-only",
    ],
    stdin: canaries.password,
    after: [{
      artifactoryUrl: "http://localhost:8081/artifactory/",
      user: "u",
      password: canaries.password,
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add refuses a name that is taken",
    args: ["add", "acme", "--url", "https://other.example/"],
    before: [acme],
    code: 7,
    stderr: 'error: Server ID "acme" already exists\n' +
      'hint: To replace it, give --overwrite. To change it: hawser config edit "acme"\n',
  },
  {
    name: "add refuses a name that is taken, the default one too",
    args: ["add", "--url", "https://other.example/"],
    before: [{ ...acme, serverId: "Default-Server" }],
    code: 7,
    stderr: 'error: Server ID "Default-Server" already exists\n' +
      'hint: To replace it, give --overwrite. To change it: hawser config edit "Default-Server"\n',
  },
  {
    name: "add --overwrite replaces all of a server, and leaves it the default",
    args: ["add", "--overwrite", "acme", "--url", "https://other.example/"],
    before: [acme, two],
    after: [two, { ...services("https://other.example/"), serverId: "acme", isDefault: true }],
  },
  {
    name: "add refuses the names of jf's old commands",
    args: ["add", "show", "--url", "https://a.example/"],
    code: 2,
    stderr:
      'error: Invalid value "show" for the server ID: it must be none of delete, use, show, clear\n',
  },
  {
    name: "add says what is missing where nobody is asked",
    args: ["add", "b"],
    code: 2,
    stderr:
      'error: Standard input ended where "JFrog Platform URL" was to be answered\nhint: Give --url.\n',
  },
  {
    name: "add --interactive says what is missing where stdin ends",
    args: ["add", "b", "--interactive"],
    stdin: "https://b.example\n",
    code: 2,
    stderr: "JFrog Platform URL: \n" + methods() + "Number [1]: \n" +
      'error: Standard input ended where "Number" was to be answered\n' +
      "hint: Give --access-token-stdin, --user with --password-stdin, or --client-cert-path.\n",
  },
  {
    name: "add --interactive takes its answers from stdin",
    args: ["add", "--interactive"],
    stdin: `b\nhttps://b.example\n7\n1\n${jwt}\n`,
    stderr: "Enter a unique server identifier [Default-Server]: \nJFrog Platform URL: \n" +
      methods() +
      "Number [1]: \nPlease enter a number from 1 to 3.\nNumber [1]: \nJFrog access token: \n",
    after: [{
      ...services("https://b.example/"),
      user: "alice",
      accessToken: jwt,
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add accepts a server without a url where that is chosen, as jf does",
    args: ["add", "b", "--interactive=false"],
    after: [{ serverId: "b", isDefault: true }],
  },
  {
    name: "add refuses two ways to authenticate",
    args: [
      "add",
      "b",
      "--url=https://b.example",
      "--user=u",
      "--password=p",
      "--access-token-stdin",
    ],
    stdin: "t",
    code: 2,
    stderr: "warning: Others on this machine can see --password; --password-stdin hides it\n" +
      "error: Only one way to authenticate is possible: user and password, access token, or SSH key\n",
  },
  {
    name: "add refuses an API key as a token without a user",
    args: ["add", "b", "--url=https://b.example", "--access-token-stdin"],
    stdin: `AKCp8${"x".repeat(68)}`,
    code: 2,
    stderr: "error: The access token is an API key, which is the password of a user\n" +
      "hint: Give --user and --password-stdin.\n",
  },
  {
    name: "add refuses --basic-auth-only with a token",
    args: ["add", "b", "--url=https://b.example", "--basic-auth-only", "--access-token-stdin"],
    stdin: "t",
    code: 2,
    stderr: "error: --basic-auth-only goes with a user and a password, not with an access token\n",
  },
  {
    name: "add refuses a secret that is given twice, or not at all",
    args: ["add", "b", "--url=https://b.example", "--access-token-stdin"],
    stdin: " \n",
    code: 2,
    stderr:
      "error: There is no access-token on standard input\nhint: It comes there from a file, < FILE, or through a pipe.\n",
  },
  {
    name: "add refuses files that are not there",
    args: ["add", "b", "--url=https://b.example", "--client-cert-path=/nowhere/c.pem"],
    code: 6,
    stderr: "error: File /nowhere/c.pem does not exist\n",
  },
  {
    name: "add refuses a url with credentials, and does not show them",
    args: ["add", "b", "--url=https://u:CanaryUrlPassword@b.example"],
    code: 2,
    stderr:
      'error: Invalid value "…@b.example" for --url: it must be a url without user and password: there are options and variables for those\n',
  },
  {
    name: "add mends a url that is Artifactory's",
    args: ["add", "b", "--url=https://b.example/artifactory", "--user=u"],
    stderr:
      "warning: The url of --url is one service's or a page's, not the platform's: https://b.example/ is asked\n",
    after: [{ ...services("https://b.example/"), user: "u", serverId: "b", isDefault: true }],
  },
  {
    name: "add has no id token to exchange",
    args: ["add", "b", "--url=https://b.example", "--oidc-provider-name=github"],
    code: 2,
    stderr: "error: There is no id token to exchange\n" +
      "hint: Give JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID or --oidc-token-id.\n",
  },
  {
    name: "edit says that nothing is given to change, where nobody is asked",
    args: ["edit", "acme"],
    before: [acme],
    code: 2,
    stderr: "error: There is nothing to change\n" +
      "hint: Give an option, such as --user, --url or --access-token-stdin.\n",
  },
  {
    name: "edit keeps what is not given, and what is unknown",
    args: ["edit", "acme", "--user", "Carol", "--interactive=false"],
    before: [{ ...acme, refreshToken: canaries.refresh, later: { a: 1 } }, two],
    after: [two, { ...acme, user: "carol", refreshToken: canaries.refresh, later: { a: 1 } }],
  },
  {
    name: "edit moves the urls that follow the platform's, and only those",
    args: ["edit", "acme", "--url", "https://new.example"],
    before: [{ ...acme, xrayUrl: "https://x.example/" }],
    after: [{ ...acme, ...services("https://new.example/"), xrayUrl: "https://x.example/" }],
  },
  {
    name: "edit replaces credentials by new ones, whatever CI is called",
    args: ["edit", "two", "--access-token-stdin"],
    env: { CI: "woodpecker" },
    before: [acme, two],
    stdin: jwt,
    after: [acme, {
      artifactoryUrl: "https://two.example/artifactory/",
      user: "alice",
      accessToken: jwt,
      serverId: "two",
    }],
  },
  {
    name: "edit takes a field away that is given empty",
    args: ["edit", "two", "--user="],
    before: [acme, two],
    after: [acme, { ...two, user: undefined }],
  },
  {
    name: "edit --interactive keeps what is not answered",
    args: ["edit", "acme", "--interactive"],
    before: [{ ...acme, user: "alice", xrayUrl: "https://x.example/", disableTokenRefresh: true }],
    stdin: "\n\n",
    stderr: "JFrog Platform URL [https://acme.example/]: \n" +
      "Select one of the following authentication methods:\n  1) As it is\n  2) Access Token\n" +
      "  3) Username and Password / Reference token\n  4) Mutual TLS\nNumber [1]: \n",
    after: [{ ...acme, user: "alice", xrayUrl: "https://x.example/", disableTokenRefresh: true }],
  },
  {
    name: "add --interactive asks for the user of a token that names none",
    args: ["add", "b", "--url=https://b.example", "--interactive"],
    stdin: `1\n${canaries.token}\nBob\n`,
    stderr: methods() + "Number [1]: \nJFrog access token: \nJFrog username (optional): \n",
    after: [{
      ...services("https://b.example/"),
      user: "bob",
      accessToken: canaries.token,
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add puts the scheme before the url of a service",
    args: ["add", "b", "--url=https://b.example", "--xray-url=x.example", "--user=u"],
    stderr: "warning: The url of --xray-url has no scheme: https://x.example is taken\n",
    after: [{
      ...services("https://b.example/"),
      xrayUrl: "https://x.example/",
      user: "u",
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "use tells where it stands, but not at jf's level ERROR",
    args: ["use", "two"],
    env: { JFROG_CLI_LOG_LEVEL: "ERROR" },
    before: [acme, two],
    after: [(({ isDefault: _, ...rest }) => rest)(acme), { ...two, isDefault: true }],
  },
  {
    name: "show tells details at jf's level DEBUG",
    args: ["show", "--format=json"],
    env: { JFROG_CLI_LOG_LEVEL: "DEBUG" },
    before: [],
    stdout: "[]\n",
    stderr: "detail: The configuration file is [HOME]/.jfrog/jfrog-cli.conf.v6\n" +
      "hint: No server is configured. To add one: hawser config add\n",
  },
  {
    name: "add --interactive gives up where http is not confirmed",
    args: [
      "add",
      "b",
      "--url=http://b.example",
      "--user=u",
      "--client-cert-path=",
      "--interactive",
    ],
    stdin: `1\n${jwt}\nno\n`,
    code: 2,
    stderr: methods() + "Number [1]: \nJFrog access token: \n" +
      "Your JFrog URL uses an insecure HTTP connection, instead of HTTPS. " +
      "Are you sure you want to continue? (y/n) [n]? \n" +
      "error: The http url was not confirmed\n",
  },
  {
    name: "add --interactive says what is missing where nobody confirms http",
    args: [
      "add",
      "b",
      "--url=http://b.example",
      "--user=u",
      "--access-token-stdin",
      "--interactive",
    ],
    stdin: jwt,
    code: 2,
    stderr: "Your JFrog URL uses an insecure HTTP connection, instead of HTTPS. " +
      "Are you sure you want to continue? (y/n) [n]? \n" +
      'error: Standard input ended where "Your JFrog URL uses an insecure HTTP connection, instead of ' +
      'HTTPS. Are you sure you want to continue?" was to be answered\n' +
      "hint: Give an https url, or --interactive=false.\n",
  },
  {
    name: "edit does not find a server that is not there",
    args: ["edit", "other", "--user=u"],
    before: [acme],
    code: 6,
    stderr: 'error: Server ID "other" does not exist\nhint: hawser config show\n',
  },
  {
    name: "show prints jf's layout, secrets masked, the default server last",
    args: ["show"],
    before: [
      { ...acme, accessToken: jwt, refreshToken: canaries.refresh },
      {
        ...two,
        sshKeyPath: "/k",
        sshPassphrase: canaries.passphrase,
        clientCertPath: "/c",
        clientCertKeyPath: "/ck",
      },
    ],
    stdout: "Server ID:\t\t\ttwo\n" +
      "Artifactory URL:\t\thttps://two.example/artifactory/\n" +
      "User:\t\t\t\tbob\nPassword:\t\t\t***\n" +
      "SSH key file path:\t\t/k\nSSH passphrase:\t\t\t***\n" +
      "Client certificate file path:\t/c\nClient certificate key path:\t/ck\n" +
      "Default:\t\t\tfalse\n\n" +
      "Server ID:\t\t\tacme\nJFrog Platform URL:\t\thttps://acme.example/\n" +
      "Artifactory URL:\t\thttps://acme.example/artifactory/\n" +
      "Distribution URL:\t\thttps://acme.example/distribution/\n" +
      "Xray URL:\t\t\thttps://acme.example/xray/\n" +
      "Mission Control URL:\t\thttps://acme.example/mc/\n" +
      "Pipelines URL:\t\t\thttps://acme.example/pipelines/\n" +
      "Access token:\t\t\t*** (Subject: 'jfac@01/users/Alice')\nRefresh token:\t\t\t***\n" +
      "Default:\t\t\ttrue\n\n",
  },
  {
    name: "show lets no server steer the terminal",
    args: ["s", "evil"],
    before: [{ serverId: "evil", user: "a\u001b[2Jb\nc" }],
    stdout: "Server ID:\t\t\tevil\nUser:\t\t\t\ta\\x1b[2Jb\\nc\nDefault:\t\t\tfalse\n\n",
  },
  {
    name: "show --format table prints fields and values of each server",
    args: ["show", "--format=table"],
    before: [{ serverId: "a", accessToken: canaries.token, isDefault: true }, {
      serverId: "b",
      url: "u/",
    }],
    stdout: "FIELD         VALUE\nserver_id     a\naccess_token  ***\nis_default    true\n" +
      "---\nFIELD      VALUE\nserver_id  b\nurl        u/\n",
  },
  {
    name: "show --format json prints the file's fields in their order",
    args: ["show", "two", "--format", "JSON"],
    before: [acme, { ...two, later: 1 }],
    stdout:
      '[\n  {\n    "artifactoryUrl": "https://two.example/artifactory/",\n    "user": "bob",\n' +
      '    "password": "***",\n    "tokenRefreshInterval": 60,\n    "serverId": "two"\n  }\n]\n',
  },
  {
    name: "show says that there is nothing, and prints an empty list as data",
    args: ["show", "--format=json"],
    stdout: "[]\n",
    stderr: "hint: No server is configured. To add one: hawser config add\n",
  },
  {
    name: "show does not find a server, though none is there",
    args: ["show", "acme"],
    code: 6,
    stderr: 'error: Server ID "acme" does not exist\nhint: hawser config show\n',
  },
  {
    name: "show knows two formats",
    args: ["show", "--format=xml"],
    before: [acme],
    code: 2,
    stderr: 'error: Invalid value "xml" for --format: it must be json or table\n',
  },
  {
    name: "rm makes the first of the others the default",
    args: ["rm", "acme", "--quiet"],
    before: [acme, two, { serverId: "three" }],
    after: [{ ...two, isDefault: true }, { serverId: "three" }],
  },
  {
    name: "rm asks on stderr, and takes the answer from stdin",
    args: ["rm", "two"],
    before: [acme, two],
    stdin: "why\ny\n",
    stderr: 'Are you sure you want to delete "two" configuration? (y/n) [n]? \n' +
      "Please enter a valid option.\n" +
      'Are you sure you want to delete "two" configuration? (y/n) [n]? \n',
    after: [acme],
  },
  {
    name: "rm says what is missing where nobody answers",
    args: ["rm", "acme"],
    before: [acme],
    code: 2,
    stderr: 'Are you sure you want to delete "acme" configuration? (y/n) [n]? \n' +
      'error: Standard input ended where "Are you sure you want to delete "acme" configuration?" ' +
      "was to be answered\nhint: Give --quiet.\n",
  },
  {
    name: "rm removes nothing where that is not confirmed",
    args: ["rm"],
    before: [acme],
    stdin: "\n",
    stderr: "Are you sure you want to delete all the configurations? (y/n) [n]? \n" +
      "warning: Nothing was removed: it was not confirmed\n",
  },
  {
    name: "rm removes all in CI without a question",
    args: ["rm"],
    before: [acme, two],
    env: { CI: "true" },
    after: [],
  },
  {
    name: "rm does not find a server that is not there, and asks nothing then",
    args: ["rm", "other"],
    before: [acme],
    code: 6,
    stderr: 'error: Server ID "other" does not exist\nhint: hawser config show\n',
  },
  {
    name: "use changes the default",
    args: ["use", "two"],
    before: [acme, two],
    stderr: "Using server ID 'two' (https://two.example/artifactory/)\n",
    after: [(({ isDefault: _, ...rest }) => rest)(acme), { ...two, isDefault: true }],
  },
  {
    name: "use does not find a server that is not there",
    args: ["use", "other"],
    code: 6,
    stderr: 'error: Server ID "other" does not exist\nhint: hawser config show\n',
  },
  {
    name: "export has nothing to export",
    args: ["export"],
    code: 3,
    stderr: "error: No server is configured in [HOME]/.jfrog/jfrog-cli.conf.v6\n" +
      "hint: hawser config add <server id> --url <url> --access-token-stdin\n",
  },
  {
    name: "add takes no access token that is none",
    args: ["add", "b", "--url=https://b.example", "--access-token-stdin"],
    stdin: `${canaries.token} ${canaries.token}`,
    code: 2,
    stderr: "error: The access token of the server is none: " +
      "there are spaces, line breaks or other characters in it\n",
  },
  {
    name: "add takes no password without a user",
    args: ["add", "b", "--url=https://b.example", "--password-stdin"],
    stdin: canaries.password,
    code: 2,
    stderr: "error: There is a password, but no user whose it is\nhint: Give --user.\n",
  },
  {
    name: "edit takes a new password for the user that is there",
    args: ["edit", "b", "--password-stdin", "--enc-password=false"],
    before: [{ url: "https://b.example/", user: "u", password: "old", serverId: "b" }],
    stdin: canaries.password,
    after: [{
      ...services("https://b.example/"),
      user: "u",
      password: canaries.password,
      tokenRefreshInterval: 60,
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add warns of an access token that has expired",
    args: ["add", "b", "--url=https://b.example", "--access-token-stdin", "--user=u"],
    stdin: expired,
    stderr: "warning: The access token has expired\n",
    after: [{
      ...services("https://b.example/"),
      user: "u",
      accessToken: expired,
      serverId: "b",
      isDefault: true,
    }],
  },
  {
    name: "add takes no url with a password, and does not show it",
    args: ["add", "b", "--url=https://b.example", `--xray-url=https://u:${canaries.password}@x/`],
    code: 2,
    stderr: 'error: Invalid value "…@x" for --xray-url: it must be a url without a password: ' +
      "there are options for that\n",
  },
  {
    name: "show masks a password in a url",
    args: ["show"],
    before: [{ url: `https://u:${canaries.password}@b.example/`, serverId: "b" }],
    stdout: "Server ID:\t\t\tb\nJFrog Platform URL:\t\thttps://u:***@b.example/\n" +
      "Default:\t\t\tfalse\n\n",
  },
  {
    name: "show --format=json masks a password in a url",
    args: ["show", "--format=json"],
    before: [{ xrayUrl: `https://u:${canaries.password}@b.example/`, serverId: "b" }],
    stdout: '[\n  {\n    "xrayUrl": "https://u:***@b.example/",\n    "serverId": "b"\n  }\n]\n',
  },
  {
    name: "import refuses what is no token, and shows none of it",
    args: ["import", "-"],
    stdin: "CanaryNoToken!",
    code: 2,
    stderr: "error: Invalid configuration token: it is not base64\n" +
      "hint: Make one with: hawser config export <server id>. " +
      "One in a file is read by: hawser config import - < FILE\n",
  },
  {
    name: "import says what it replaces, and moves it to the end",
    args: ["im", "-"],
    before: [acme, two],
    stdin: Buffer.from(
      JSON.stringify({ version: 2, url: "https://n.example/", user: "U", serverId: "acme" }),
    )
      .toString("base64"),
    stderr: "Importing server ID 'acme'\n" +
      'warning: Server ID "acme" was configured already: it is replaced\n',
    after: [two, {
      ...services("https://n.example/"),
      user: "u",
      serverId: "acme",
      isDefault: true,
    }],
  },
];

for (const one of cases) {
  test(
    `config ${one.name}`,
    inSandbox(async (sandbox) => {
      sandbox.secrets.push(...Object.values(canaries), "CanarySignature0001");
      if (one.before !== undefined) put(sandbox, one.before);
      const before = one.before === undefined ? undefined : sandbox.read(file);
      const outcome = await sandbox.hawser(["config", ...one.args], {
        env: one.env ?? {},
        ...(one.stdin === undefined ? {} : { stdin: one.stdin }),
      });
      const home = path.join(sandbox.folder, "home");
      assert.equal(outcome.stderr.replaceAll(home, "[HOME]"), one.stderr ?? "");
      assert.equal(outcome.stdout, one.stdout ?? "");
      assert.equal(outcome.code, one.code ?? 0);
      if (one.after !== undefined) {
        assert.deepEqual(servers(sandbox), JSON.parse(JSON.stringify(one.after)));
        assert.equal(fs.statSync(path.join(sandbox.folder, file)).mode & 0o777, 0o600);
      } else if (before === undefined) {
        assert.ok(!fs.existsSync(path.join(home, ".jfrog")), "something was made");
      } else {
        assert.equal(sandbox.read(file), before);
      }
    }),
  );
}

test(
  "config called as jf takes jf's flags and short names, and ends with 1 whatever fails",
  inSandbox(async (sandbox) => {
    sandbox.secrets.push(canaries.token);
    const jf = (args: string[], options = {}) =>
      sandbox.hawser(["c", ...args], { calledAs: "jf", ...options });
    const flags = ["-url", "https://acme.example", "-access-token-stdin", "--interactive=false"];
    const added = await jf(["add", ...flags, "acme"], { stdin: canaries.token });
    assert.equal(added.code, 0, added.stderr);
    assert.deepEqual(servers(sandbox), [acme]);
    const failing = [["show", "x"], ["use", "x"], ["add", "acme", "-url=u"], ["nope"]];
    for (const args of failing) assert.equal((await jf(args)).code, 1, args.join(" "));
    assert.equal((await jf(["rm", "x"])).code, 0); // what is not there is removed
    assert.match((await jf(["use", "x"])).stderr, /^error: .*\nhint: jf config show\n$/);
    const codes = { env: { HAWSER_EXIT_CODES: "1" } };
    assert.equal((await jf(["show", "x"], codes)).code, 6);
  }),
);

test(
  "config export and import carry a server to another home, through a pipe",
  inSandbox(async (sandbox) => {
    sandbox.secrets.push(canaries.token, canaries.refresh);
    put(sandbox, [{ ...acme, user: "alice", refreshToken: canaries.refresh }]);
    const { stdout } = await sandbox.succeed(["config", "ex"], { printsToken: true });
    assert.match(stdout, /^[\w+/]+=*\n$/);
    const env = { JFROG_CLI_HOME_DIR: path.join(sandbox.folder, "other") };
    await sandbox.succeed(["config", "import", "-"], { stdin: stdout, env });
    const other = JSON.parse(sandbox.read("other/jfrog-cli.conf.v6")).servers;
    assert.deepEqual(other, servers(sandbox));
  }),
);

test(
  "config gives results and errors as data with -o json, secrets masked",
  inSandbox(async (sandbox) => {
    sandbox.secrets.push(canaries.token);
    const args = ["config", "add", "acme", "--url=https://acme.example", "--access-token-stdin"];
    const added = await sandbox.succeed([...args, "-o", "json"], { stdin: canaries.token });
    assert.deepEqual(JSON.parse(added.stdout), { ...acme, accessToken: "***" });
    const shown = await sandbox.succeed(["config", "show", "-o", "yaml"]);
    assert.match(shown.stdout, /^- url: https:\/\/acme.example\/\n/);
    const refused = await sandbox.hawser([...args, "-o", "json"], { stdin: canaries.token });
    assert.equal(JSON.parse(refused.stderr).error.code, "jfrog-server-exists");
    assert.equal(refused.stdout, "");
  }),
);

test(
  "config encrypts what it writes once there is a key, and can't be read without it",
  inSandbox(async (sandbox) => {
    sandbox.secrets.push(canaries.token, canaries.password, key);
    put(sandbox, [acme, two]);
    const env = { JFROG_CLI_ENCRYPTION_KEY: key };
    await sandbox.succeed(["config", "show"], { env });
    assert.deepEqual(servers(sandbox), [acme, two]);
    await sandbox.succeed(["config", "use", "two"], { env });
    const text = sandbox.read(file);
    assert.equal(JSON.parse(text).enc, true);
    assert.ok(!text.includes("Canary"));
    assert.equal((await sandbox.succeed(["config", "export"], { env, printsToken: true })).code, 0);
    assert.equal((await sandbox.hawser(["config", "export"])).code, 3);
    const wrong = { JFROG_CLI_ENCRYPTION_KEY: key.toUpperCase() };
    assert.equal((await sandbox.hawser(["config", "export"], { env: wrong })).code, 4);
    assert.equal(sandbox.read(file), text);
  }),
);

test(
  "config leaves a file alone that it does not understand",
  inSandbox(async (sandbox) => {
    for (const [text, code] of [["{", 2], ["null", 2], ['{"version":"7"}', 3]] as const) {
      sandbox.write(file, text);
      assert.equal((await sandbox.hawser(["config", "show"])).code, code);
      const add = ["config", "add", "b", "--url=https://b.example", "--overwrite"];
      assert.equal((await sandbox.hawser(add)).code, code);
      assert.equal(sandbox.read(file), text);
    }
  }),
);

test(
  "config says that the home can't be written, and reads it all the same",
  inSandbox(async (sandbox) => {
    put(sandbox, [acme]);
    const home = path.join(sandbox.folder, "home/.jfrog");
    fs.chmodSync(home, 0o500);
    assert.equal((await sandbox.hawser(["config", "show", "acme"])).code, 0);
    const refused = await sandbox.hawser(["config", "add", "b", "--url=https://b.example"]);
    assert.equal(
      refused.stderr,
      `error: Cannot write ${home}/locks/config: permission denied\n`,
    );
    assert.equal(refused.code, 1);
    fs.chmodSync(home, 0o700);
    assert.deepEqual(servers(sandbox), [acme]);
  }, { ordinaryUser: true }),
);

test(
  "config reads a file of an old version where it can't be migrated",
  inSandbox(async (sandbox) => {
    const old = '{"servers":[{"url":"https://a/","serverId":"a"}],"version":"5"}';
    sandbox.write("home/.jfrog/jfrog-cli.conf.v5", old);
    const home = path.join(sandbox.folder, "home/.jfrog");
    fs.chmodSync(home, 0o500);
    assert.match((await sandbox.succeed(["config", "show", "a"])).stdout, /^Server ID:\t\t\ta\n/);
    assert.deepEqual(fs.readdirSync(home), ["jfrog-cli.conf.v5"]);
    fs.chmodSync(home, 0o700);
  }, { ordinaryUser: true }),
);

test(
  "config leaves the file as it was where the disk is full",
  { skip: !isRoot && "needs root for a small file system" },
  inSandbox(async (sandbox) => {
    const home = path.join(sandbox.folder, "home/.jfrog");
    fs.mkdirSync(home);
    const mounted = await sandbox.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", home]);
    assert.equal(mounted.code, 0, mounted.stderr);
    try {
      put(sandbox, [acme]);
      await sandbox.run("sh", ["-c", `cat /dev/zero > ${home}/filler`]);
      const full = await sandbox.hawser(["config", "add", "b", "--url=https://b.example"]);
      assert.equal(
        full.stderr,
        `error: Cannot write ${home}/jfrog-cli.conf.v6: the disk is full\n`,
      );
      assert.equal(full.code, 1);
      assert.deepEqual(servers(sandbox), [acme]);
      assert.deepEqual(fs.readdirSync(path.join(home, "locks/config")), []);
      assert.deepEqual(fs.readdirSync(home).sort(), ["filler", "jfrog-cli.conf.v6", "locks"]);
    } finally {
      await sandbox.run("umount", ["--lazy", home]);
    }
  }),
);

test(
  "config of many processes at once loses nothing, and one that is killed leaves no lock that lasts",
  inSandbox(async (sandbox) => {
    const ids = Array.from({ length: 10 }, (_, index) => `s${index}`);
    const add = (id: string) => ["config", "add", id, "--url=https://a.example", "--user=u"];
    await Promise.all(ids.map((id) => sandbox.succeed(add(id))));
    assert.deepEqual(servers(sandbox).map(({ serverId }) => serverId).sort(), ids);
    const locks = path.join(sandbox.folder, "home/.jfrog/locks/config");
    const gone = sandbox.launch("true", []);
    await gone.ended;
    fs.writeFileSync(path.join(locks, `jfrog-cli.conf.lck.${gone.process.pid}.1`), "");
    await sandbox.succeed(add("last"));
    assert.deepEqual(fs.readdirSync(locks), []);
  }),
);

test(
  "config hides what is typed for a secret, and asks on a terminal unless CI is set",
  { skip: !fs.existsSync("/usr/bin/script") && "needs script(1)" },
  inSandbox(async (sandbox) => {
    sandbox.secrets.push(canaries.token);
    const dialogue: [question: RegExp, answer: string][] = [
      [/identifier.*: $/, "b\n"],
      [/URL: $/, "https://b.example\n"],
      [/Number \[1\]: $/, "1\n"],
      [/JFrog access token: $/, `x\x7fwrong\x15${canaries.token}\r`],
      [/JFrog username \(optional\): $/, "\r"],
    ];
    const asked = await onTerminal(sandbox, "hawser config add > stdout", dialogue);
    assert.match(asked, /JFrog access token: \r\n/);
    assert.equal(sandbox.read("stdout"), "");
    assert.equal(servers(sandbox)[0]?.["accessToken"], canaries.token);
    await onTerminal(sandbox, "CI=true hawser config rm > stdout", []);
    assert.deepEqual(servers(sandbox), []);
  }),
);

/** How long a dialogue may take before it is taken for stuck, in seconds. */
const dialogueLimit = "60";

/** Runs words of a shell on a terminal, each answer typed once its question stands there. */
async function onTerminal(
  sandbox: Sandbox,
  words: string,
  dialogue: [question: RegExp, answer: string][],
): Promise<string> {
  const keyboard = path.join(sandbox.folder, `keyboard-${dialogue.length}`);
  await sandbox.run("mkfifo", [keyboard]);
  const script = `script -qec '${words}' /dev/null < ${keyboard}`;
  // a question that never comes would be waited for as long as the test may last
  const limited = ["--kill-after=1", dialogueLimit, "sh", "-c", script];
  const { process, ended } = sandbox.launch("timeout", limited);
  const keys = fs.openSync(keyboard, "r+");
  const left = [...dialogue];
  let shown = "";
  process.stdout!.on("data", (text: string) => {
    shown += text;
    if (left[0]?.[0].test(shown)) fs.writeSync(keys, left.shift()![1]);
  });
  const { code, stdout } = await ended;
  fs.closeSync(keys);
  const unasked = left.map(([question]) => question);
  assert.equal(code, 0, `ended with ${code}, unasked: ${unasked.join(" ")}\n${stdout}`);
  return stdout;
}

function put(sandbox: Sandbox, servers: unknown[]): void {
  sandbox.write(file, JSON.stringify({ servers, version: "6" }));
}

function servers(sandbox: Sandbox): Record<string, unknown>[] {
  return JSON.parse(sandbox.read(file)).servers;
}

function base64url(claims: unknown): string {
  return Buffer.from(JSON.stringify(claims)).toString("base64url");
}

function methods(): string {
  return "Select one of the following authentication methods:\n  1) Access Token\n" +
    "  2) Username and Password / Reference token\n  3) Mutual TLS\n";
}
