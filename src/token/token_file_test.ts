import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeToken, testCode } from "../../test/fakes/tokens.ts";
import { type ErrorCode } from "../errors/catalog.ts";
import { isAppError } from "../errors/app_error.ts";
import { tokenAnnotations } from "../resources/access_token.ts";
import {
  checkTokenTarget,
  parseToken,
  readTokenFile,
  renderToken,
  writeTokenFile,
} from "./token_file.ts";

const token = makeToken({ linkCost: 5 }, { annotations: { "hawser/site": "west" } });
const text = renderToken(token);

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tokens-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function rejectsWith(code: ErrorCode, why: RegExp) {
  return (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, why);
    assert.ok(!error.message.includes(testCode), "the code is in the message");
    return true;
  };
}

test("parseToken() reads what renderToken() writes", () => {
  assert.deepEqual(parseToken(text, "t.yaml"), token);
  assert.deepEqual(parseToken(Buffer.from(text), "t.yaml"), token);
  assert.deepEqual(parseToken(JSON.stringify(token), "t.json"), token);
});

test("parseToken() takes no state of another place along", () => {
  const metadata = {
    ...token.metadata,
    uid: "6d0c5f6e-8f0c-4a8e-9d8f-2a1f6a1f0e11",
    namespace: "elsewhere",
    resourceVersion: "7",
    ownerReferences: [{ apiVersion: "v1", kind: "Site", name: "west", uid: "1" }],
    finalizers: ["example.com/hold"],
  };
  const status = { redeemed: true, status: "Ready", message: "OK" };
  assert.deepEqual(parseToken(JSON.stringify({ ...token, metadata, status }), "t.json"), token);
});

test("parseToken() reads a token of upstream's CLI", () => {
  const ca = token.spec.ca.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
  const upstream = `apiVersion: skupper.io/v2alpha1
kind: AccessToken
metadata:
  name: west-0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11
spec:
  ca: |
${ca}
  code: ${testCode}
  linkCost: 1
  url: https://10.0.0.7:9090/0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11
`;
  const read = parseToken(upstream, "t.yaml");
  assert.equal(read.metadata.name, "west-0f3b4a52-8f0c-4a8e-9d8f-2a1f6a1f0e11");
  assert.equal(read.spec.code, testCode);
  assert.equal(read.spec.ca, token.spec.ca);
});

test("parseToken() reads UTF-16 with a byte order mark, a list of one, and a code's line break", () => {
  const little = Buffer.from(`\ufeff${text}`, "utf16le");
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [token],
    metadata: { resourceVersion: "" },
  };
  const block = text.replace(/^( *)code: .*$/m, `$1code: |\n$1  ${testCode}`);
  const contents = [
    little,
    Buffer.from(little).swap16(),
    Buffer.from(`\ufeff${text}`),
    JSON.stringify(list),
    JSON.stringify({ ...list, kind: "AccessTokenList" }),
    block,
  ];
  for (const content of contents) {
    assert.deepEqual(parseToken(content, "t.yaml"), parseToken(text, "t.yaml"));
  }
});

const firstVersion = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "a", labels: { "skupper.io/type": "token-claim" } },
};

const bad: [what: string, content: string | Uint8Array, why: RegExp][] = [
  ["nothing", "", /it is empty/],
  ["blank lines", "\n \n", /it is empty/],
  ["only a separator", "---\n", /it is empty/],
  ["zero bytes", Buffer.alloc(100), /it is not text/],
  ["bytes that are not UTF-8", Uint8Array.of(0x6b, 0xff, 0xfe), /it is not text/],
  ["over 1 MiB", "#".repeat(1024 * 1024 + 1), /larger than 1 MiB/],
  ["prose", "hello there", /a resource must be a mapping, not text/],
  ["broken YAML", "kind: [AccessToken", /line \d+: /],
  ["an alias", `a: &a {}\nb: *a\n${text}`, /anchors and aliases/],
  ["another kind", text.replace("AccessToken", "AccessGrant"), /it holds an AccessGrant, not/],
  ["no kind", "metadata: {}", /it holds no AccessToken/],
  [
    "a list of two",
    JSON.stringify({ kind: "List", items: [token, token] }),
    /it holds 2 documents/,
  ],
  ["an empty list", "kind: List\nitems: []\n", /it is empty/],
  ["a list of text", "kind: List\nitems: [a]\n", /it holds no AccessToken/],
  ["a token of Skupper 1", JSON.stringify(firstVersion), /a token of Skupper 1, and sites of/],
  ["half of UTF-16", Uint8Array.of(0xff, 0xfe, 0x00, 0xd8, 0x61), /it is not text/],
  ["another version", text.replace("v2alpha1", "v1alpha1"), /apiVersion must be/],
  ["two documents", `${text}---\n${text}`, /it holds 2 documents/],
  ["no spec", "apiVersion: skupper.io/v2alpha1\nkind: AccessToken\nmetadata: {name: a}", /spec is/],
  ["no name", text.replace(/ {2}name: .*\n/, ""), /metadata\.name is missing/],
  ...["url", "code", "ca"].flatMap((field): [string, string, RegExp][] => {
    const { [field as "url"]: _, ...spec } = token.spec;
    return [
      [`no ${field}`, JSON.stringify({ ...token, spec }), new RegExp(`spec\\.${field} is missing`)],
      [`a number as ${field}`, rendered({ [field]: 7 as never }), /must be text/],
    ];
  }),
  ["an empty url", rendered({ url: "" }), /spec\.url is empty/],
  ["an empty code", rendered({ code: "" }), /spec\.code is empty/],
  ["a path as name", renderToken(makeToken({}, { name: "../../etc/x" })), /metadata\.name is not/],
  ["a capital in the name", renderToken(makeToken({}, { name: "West" })), /metadata\.name is not/],
  ["http", rendered({ url: "http://127.0.0.1/uid" }), /must begin with https/],
  ["no url at all", rendered({ url: "west" }), /spec\.url is not a url/],
  ["a url with a password", rendered({ url: "https://a:b@127.0.0.1/uid" }), /no user name/],
  ["a url with a user name", rendered({ url: "https://a@127.0.0.1/uid" }), /no user name/],
  ["an escape in the url", rendered({ url: "https://h/\x1b[2J" }), /spec\.url holds control/],
  ["a line break in the code", rendered({ code: "a\nb" }), /spec\.code holds control/],
  ...Object.values(tokenAnnotations).map((key): [string, string, RegExp] => [
    `an escape in ${key}`,
    renderToken(makeToken({}, { annotations: { [key]: "\x9b2J" } })),
    /the annotation hawser\/\S+ holds control characters/,
  ]),
  ["a ca that is no PEM", rendered({ ca: "trust me" }), /spec\.ca is not a certificate/],
  [
    "a ca that is broken PEM",
    rendered({ ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }),
    /spec\.ca is not a certificate/,
  ],
  ["cost 0", rendered({ linkCost: 0 }), /spec\.linkCost must be from 1 to 65535/],
  ["cost 70000", rendered({ linkCost: 70000 }), /spec\.linkCost must be from 1 to 65535/],
  ["cost 1.5", rendered({ linkCost: 1.5 }), /spec\.linkCost must be a whole number/],
];

function rendered(spec: Parameters<typeof makeToken>[0]): string {
  return renderToken(makeToken(spec));
}

test("parseToken() takes an empty ca, which pins no authority", () => {
  assert.equal(parseToken(rendered({ ca: "" }), "t.yaml").spec.ca, "");
});

for (const [what, content, why] of bad) {
  test(`parseToken() refuses ${what}`, () => {
    assert.throws(() => parseToken(content, "t.yaml"), rejectsWith("token-file-invalid", why));
  });
}

test("readTokenFile() tells a missing file, a folder and a huge file apart", () =>
  withFolder(async (folder) => {
    const huge = join(folder, "huge");
    await writeFile(huge, Buffer.alloc(10 * 1024 * 1024));
    await assert.rejects(
      readTokenFile(join(folder, "missing")),
      rejectsWith("file-not-found", /./),
    );
    await assert.rejects(readTokenFile(folder), rejectsWith("not-readable", /it is a folder/));
    await assert.rejects(
      readTokenFile(huge),
      rejectsWith("token-file-invalid", /larger than 1 MiB/),
    );
  }));

test("writeTokenFile() writes for the owner alone, whatever the path holds", () =>
  withFolder(async (folder) => {
    for (const name of ["plain.yaml", "with space", "a_b+c@d~", "tökén", "-"]) {
      const path = join(folder, name);
      await writeTokenFile(path, token, { force: false });
      assert.deepEqual(await readTokenFile(path), token);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    }
  }));

test("writeTokenFile() replaces a token file, and other files only by force", () =>
  withFolder(async (folder) => {
    const path = join(folder, "t.yaml");
    const writeIt: typeof checkTokenTarget = (to, options) => writeTokenFile(to, token, options);
    await writeTokenFile(path, token, { force: false });
    const other = makeToken({}, { name: "west-other" });
    await writeTokenFile(path, other, { force: false });
    assert.deepEqual(await readTokenFile(path), other);

    await writeFile(path, "precious notes", { mode: 0o644 });
    for (const act of [checkTokenTarget, writeIt]) {
      await assert.rejects(act(path, { force: false }), rejectsWith("file-exists", /not a token/));
    }
    assert.equal(await readFile(path, "utf8"), "precious notes");
    await writeTokenFile(path, token, { force: true });
    assert.deepEqual(await readTokenFile(path), token);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }));

test("writeTokenFile() never follows a link, even to a token file and by force", () =>
  withFolder(async (folder) => {
    const target = join(folder, "t.yaml");
    await writeTokenFile(target, token, { force: false });
    await symlink(target, join(folder, "link"));
    await mkdir(join(folder, "sub"));
    for (const force of [false, true]) {
      const link = writeTokenFile(join(folder, "link"), makeToken(), { force });
      await assert.rejects(link, rejectsWith("not-writable", /symbolic link/));
      const sub = writeTokenFile(join(folder, "sub"), makeToken(), { force });
      await assert.rejects(sub, rejectsWith("not-writable", /it is a folder/));
    }
    assert.deepEqual(await readTokenFile(target), token);
    assert.deepEqual((await readdir(folder)).toSorted(), ["link", "sub", "t.yaml"]);
  }));
