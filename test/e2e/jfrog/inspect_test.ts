import assert from "node:assert/strict";
import { test } from "node:test";
import { makeJwt } from "../../fakes/access_rules.ts";
import { shareSandbox } from "../stage/harness.ts";

const shared = shareSandbox((sandbox) => {
  sandbox.write("home/.jfrog/jfrog-cli.conf.v6", JSON.stringify({ servers, version: "6" }));
  sandbox.secrets.push(jwt, jwt.split(".")[2]!, nested, reference, apiKey);
  return Promise.resolve();
});

const reference = "cmVmdGtuOjAxCanaryReferenceToken";
const apiKey = `AKCp8${"Canary".repeat(12)}`;
const nested = makeJwt({ sub: "canary", jti: "nested" });
const claims = {
  sub: "jfac@01/users/alice",
  scp: "applied-permissions/groups:readers",
  aud: "jfrt@01 jfac@01",
  iss: "jfac@01",
  exp: 4_102_444_800,
  iat: 1_600_000_000,
  jti: "7c8c1ad2",
  ext: '{"revocable":"true"}',
  inner: { token: nested },
};
const jwt = makeJwt(claims);
const servers = [
  { serverId: "acme", url: "https://acme.example/", accessToken: jwt, isDefault: true },
  { serverId: "basic", url: "https://acme.example/", user: "u", password: "CanaryPassword1" },
];

const said =
  `Kind:      JSON Web Token: its signature is not checked: what it says may be anybody's invention
ID:        7c8c1ad2
User:      alice
Subject:   jfac@01/users/alice
Issuer:    jfac@01
Issued:    2020-09-13T12:26:40Z
Expires:   2100-01-01T00:00:00Z
Scope:     applied-permissions/groups:readers
Audience:  jfrt@01 jfac@01
ext:       "{\\"revocable\\":\\"true\\"}"
inner:     {"token":"…"}
`;
const hidden =
  "warning: Others on this machine can see the token; - in its place reads it from stdin\n";

test(
  "access-token inspect shows what a token says, and that nobody has checked it",
  shared.use(async (sandbox) => {
    const ofServer = said.replace("\nID:", "\nServer:    acme\nID:");
    const table: [args: string[], stdin: string, stdout: string, stderr: string][] = [
      [["-"], `${jwt}\n`, said, ""],
      [[jwt], "", said, hidden],
      [["acme"], "", ofServer, ""],
      [[], "", ofServer, ""],
    ];
    for (const calledAs of ["hawser", "jf"]) {
      for (const [args, stdin, stdout, stderr] of table) {
        const words = ["access-token", "inspect", ...args];
        const outcome = await sandbox.hawser(words, { calledAs, stdin });
        assert.deepEqual(outcome, { code: 0, signal: null, stdout, stderr });
      }
    }
  }),
);

test(
  "access-token inspect -o json has every claim",
  shared.use(async (sandbox) => {
    const words = ["access-token", "inspect", "acme", "-o", "json"];
    const { stdout } = await sandbox.succeed(words);
    assert.deepEqual(JSON.parse(stdout), {
      kind: "JSON Web Token",
      signature_checked: false,
      token_id: "7c8c1ad2",
      user: "alice",
      subject: "jfac@01/users/alice",
      issuer: "jfac@01",
      scope: "applied-permissions/groups:readers",
      audience: ["jfrt@01", "jfac@01"],
      issued_at_time: "2020-09-13T12:26:40Z",
      expires_at: "2100-01-01T00:00:00Z",
      expired: false,
      claims: { ...claims, inner: { token: "…" } },
      server: "acme",
    });
  }),
);

test(
  "access-token inspect takes a token of any claims",
  shared.use(async (sandbox) => {
    const table: [claims: object, said: RegExp][] = [
      [{}, /^Kind: .*\nExpires: +never, by its own word\n$/],
      [{ exp: 1 }, /\nExpires: +1970-01-01T00:00:01Z \(expired\)\n$/],
      [{ exp: 1e300, iat: -1e300 }, /\nexp: +1e\+300\niat: +-1e\+300\n$/],
      [{ exp: "soon", sub: 7, aud: [1] }, /\nexp: +"soon"\nsub: +7\naud: +\[1\]\n$/],
      [{ sub: "svc", aud: ["a", "b"] }, /\nUser: +svc\nSubject: +svc\n.*\nAudience: +a b\n$/],
      [{ sub: "a\u001b[2Jb\nc" }, /\nUser: +a\\x1b\[2Jb\\nc\n/],
    ];
    for (const [claims, said] of table) {
      const words = ["access-token", "inspect", "-"];
      const { stdout } = await sandbox.succeed(words, { stdin: makeJwt({ ...claims }) });
      assert.match(stdout, said);
    }
  }),
);

test(
  "access-token inspect names a reference token and an API key as such",
  shared.use(async (sandbox) => {
    for (const [token, kind] of [[reference, "reference token"], [apiKey, "API key"]] as const) {
      const words = ["access-token", "inspect", "-"];
      const { stdout } = await sandbox.succeed(words, { stdin: token });
      assert.match(stdout, new RegExp(`^Kind: +${kind}: .*, which says nothing itself\n$`));
      const json = await sandbox.succeed([...words, "-o", "json"], { stdin: token });
      assert.deepEqual(JSON.parse(json.stdout), { kind });
    }
  }),
);

test(
  "access-token inspect says what is no token, and shows nothing of it",
  shared.use(async (sandbox) => {
    const cut = jwt.slice(0, -60);
    const table: [args: string[], stdin: string, code: number, said: string][] = [
      [
        ["-"],
        cut.slice(0, 50),
        2,
        "The token can't be inspected: it begins as a JSON Web Token, but is cut off or damaged",
      ],
      [
        ["-"],
        "CanaryNoToken",
        2,
        "The token can't be inspected: it is neither a JSON Web Token nor a reference token",
      ],
      [["-"], "\n", 2, "There is no access-token on standard input"],
      [["nowhere"], "", 6, 'Server ID "nowhere" does not exist'],
      [["basic"], "", 3, 'Server "basic" is configured without an access token'],
    ];
    for (const [args, stdin, code, said] of table) {
      const words = ["access-token", "inspect", ...args];
      const outcome = await sandbox.hawser(words, { stdin });
      assert.deepEqual([outcome.code, outcome.stdout], [code, ""]);
      assert.ok(outcome.stderr.startsWith(`error: ${said}\n`), outcome.stderr);
      assert.ok(!outcome.stderr.includes("Canary"));
    }
  }),
);

test("what was printed and left behind holds no secret", shared.end);
