import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { isAppError } from "../errors/app_error.ts";
import { openSealed, prepareSeal } from "./seal.ts";
import { parseSshPrivateKey, parseSshPublicKey, SshKeyFault } from "./ssh_keys.ts";

// made by OpenSSH 9.2 and age 1.1.1 for this test
const ed25519 = {
  line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINv2g73uH4Ilbelf9eBk1wmjDhPaPjdYYWye61cFfinD",
  key: `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDb9oO97h+CJW3pX/XgZNcJow4T2j43WGFsnutXBX4pwwAAAIgt01YVLdNW
FQAAAAtzc2gtZWQyNTUxOQAAACDb9oO97h+CJW3pX/XgZNcJow4T2j43WGFsnutXBX4pww
AAAEAkBhDV99u+lCyVQLOJ5UhIr0NOSMFUPcUykeusTw9netv2g73uH4Ilbelf9eBk1wmj
DhPaPjdYYWye61cFfinDAAAAAAECAwQF
-----END OPENSSH PRIVATE KEY-----`,
  sealed: `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNzaC1lZDI1NTE5IFRuMkkwdyBKN3RL
VzhVdy8zd1ZuK3JLd3Z6ZFgxVGo1YmJjZjVqcEtaY0Q0aytvRWtRCmhEVStFUFhP
U0paVzB4UVliWHJCZ2dMNnBBUzJYcXlWTmU1VEJuQlk0YXMKLS0tIFpNY1pPcUlW
MVliT29FQTYxUXRTNmo2YWFEeW5PeWlTWWQxTFVUKzVIc28K/7dMU0qRbHf/jPCb
L91Ao0cdEjNkJerbKuSkjnrThVDy5VYcierUXU0o3lP7
-----END AGE ENCRYPTED FILE-----`,
};
const locked = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBNAFkIqP
C3zYfqSVp0CFArAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIEst0IoPZG/r+Ext
LBlJysJWnEahh6bPxKNmzdn4dDh5AAAAkC/diVeIyGOssUtik8eKp9C1iJrGN3oDtwFu2M
SfNZuSJ5rUGkRAaeU8hDPf945awdKdHTLd6Fz6uexsJcPN+8RGxpkbn30xdvKSFNBYIu27
QSMLIySiU9RV966gKJMT0T1Q9FkInG/f4AppiTS5+uGoqIYaK8/626/Ce6i8up+7EK3GYW
WiDa+DHHA2MJR6xw==
-----END OPENSSH PRIVATE KEY-----`;
const ecdsa = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQ1N7SjTWfaxKX0dBbQ8nUL6ib8s4xv
iiV6g6mN4PTwgPVDFNRVKskQr8lCKunEMYfQdLIgq4jo1s9uTMxxMimmAAAAoN01xerdNc
XqAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDU3tKNNZ9rEpfR0
FtDydQvqJvyzjG+KJXqDqY3g9PCA9UMU1FUqyRCvyUIq6cQxh9B0siCriOjWz25MzHEyKa
YAAAAhAKrMcwZm6iPC1oJv8MZRoMX+HMRM7IWyOiSxAbQqgAY6AAAAAAECAwQFBgc=
-----END OPENSSH PRIVATE KEY-----`;

function pem(key: KeyObject, type: "pkcs1" | "pkcs8"): string {
  return key.export({ format: "pem", type }).toString();
}

/** The line of a public key, as `ssh-keygen -y` prints it. */
function lineOf(key: string): string {
  return `ssh-rsa ${parseSshPrivateKey(key).blob.toString("base64")}`;
}

async function open(sealed: string, key: string): Promise<string> {
  return await openSealed(new TextEncoder().encode(sealed), "t.age", key, "id");
}

test("openSealed() opens with a key of SSH what age has sealed to it", async () => {
  assert.equal(await open(ed25519.sealed, ed25519.key), "sealed by age");
});

test("prepareSeal() seals to a key of SSH, with any comment or none", async () => {
  for (const line of [ed25519.line, `${ed25519.line} me at home\n`]) {
    const sealed = await (await prepareSeal([line]))("a token");
    assert.equal(await open(sealed, ed25519.key), "a token");
  }
});

test("an RSA key of either PEM opens what is sealed to it and others", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = pem(privateKey, "pkcs1");
  const sealed = await (await prepareSeal([ed25519.line, lineOf(key)]))("a token");
  for (const one of [key, pem(privateKey, "pkcs8"), ed25519.key]) {
    assert.equal(await open(sealed, one), "a token");
  }
});

test("a key of SSH opens nothing that is sealed to others, or damaged", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const other = pem(privateKey, "pkcs8");
  await assert.rejects(open(ed25519.sealed, other), isCode("seal-not-opened"));
  const body = ed25519.sealed.split("\n").slice(1, -1).join("");
  const text = atob(body).replace(/(-> ssh-ed25519 \S+ )\S{8}/, "$1AAAAAAAA");
  const damaged = ed25519.sealed.replace(
    /\n[\s\S]*\n(?=-----END)/,
    `\n${btoa(text).replaceAll(/.{64}/g, "$&\n")}\n`,
  );
  await assert.rejects(open(damaged, ed25519.key), isCode("token-file-invalid"));
});

test("a key that a passphrase protects is told from one that is none", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const encrypted = privateKey.export({
    format: "pem",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  }).toString();
  for (const key of [locked, encrypted]) {
    await assert.rejects(open(ed25519.sealed, key), isCode("identity-locked"));
  }
  const half = ed25519.key.replace(/\n[\s\S]*\n/, (body) => `${body.slice(0, 90)}\n`);
  const small = pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey, "pkcs1");
  for (const key of [ecdsa, half, small, ed25519.key.replaceAll(/[^\n-]{8}\n/g, "\n")]) {
    await assert.rejects(open(ed25519.sealed, key), isCode("identity-invalid"), key);
  }
});

test("parseSshPublicKey() takes the two kinds that age takes, whole", () => {
  const [kind, base64 = ""] = ed25519.line.split(" ");
  const bad = [
    "",
    kind!,
    `${kind} ${base64.slice(0, -8)}`,
    `${kind} ${base64}AAAA`,
    `ssh-rsa ${base64}`,
    `ecdsa-sha2-nistp256 ${base64}`,
    `${kind} ${base64}\n${ed25519.line}`,
  ];
  for (const line of bad) assert.throws(() => parseSshPublicKey(line), SshKeyFault, line);
});

function isCode(code: Parameters<typeof isAppError>[1]) {
  return (error: unknown) => isAppError(error, code);
}
