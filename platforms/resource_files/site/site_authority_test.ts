import assert from "node:assert/strict";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { appError, isAppError } from "../../../src/errors/app_error.ts";
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts";
import { readCertificate } from "../../../src/pki/certificate.ts";
import { type NamespacePaths, namespacePaths } from "../paths.ts";
import {
  createSiteAuthority,
  readSiteAuthority,
  removeSiteAuthority,
  siteUid,
} from "./site_authority.ts";

async function withNamespace(use: (paths: NamespacePaths) => Promise<void>) {
  const home = await mkdtemp(join(tmpdir(), "authority-"));
  try {
    await use(namespacePaths(home, "west"));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function putAuthority(folder: string): Promise<string> {
  const { certificatePem, privateKeyPem } = await createAuthority("theirs");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "ca.crt"), certificatePem);
  await writeFile(join(folder, "tls.crt"), certificatePem);
  await writeFile(join(folder, "tls.key"), privateKeyPem);
  return certificatePem;
}

test("createSiteAuthority() makes one that upstream can adopt, readable by its owner alone", () =>
  withNamespace(async (paths) => {
    assert.equal(await siteUid(paths), undefined);
    assert.equal(await createSiteAuthority(paths), await siteUid(paths));
    const { certificatePem, privateKeyPem } = await readSiteAuthority(paths, "skupper-site-ca");
    const facts = readCertificate(certificatePem);
    assert.equal(facts.subject, "skupper-site-ca");
    assert.ok(facts.isAuthority);
    assert.match(privateKeyPem, /^-----BEGIN RSA PRIVATE KEY-----/);
    await loadAuthority(certificatePem, privateKeyPem);
    const folder = join(paths.inputIssuers, "skupper-site-ca");
    assert.deepEqual((await readdir(folder)).toSorted(), ["ca.crt", "tls.crt", "tls.key"]);
    assert.equal(await readFile(join(folder, "ca.crt"), "utf8"), certificatePem);
    assert.deepEqual(await readdir(paths.state), [await siteUid(paths)]);
    if (process.platform === "win32") return;
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    for (const name of await readdir(folder)) {
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
    }
  }));

test("createSiteAuthority() called many times at once makes one authority", () =>
  withNamespace(async (paths) => {
    const uids = await Promise.all(Array.from({ length: 5 }, () => createSiteAuthority(paths)));
    uids.push(await createSiteAuthority(paths));
    assert.deepEqual([...new Set(uids)], [await siteUid(paths)]);
    assert.deepEqual(await readdir(paths.state), [await siteUid(paths)]);
    assert.deepEqual(await readdir(paths.inputIssuers), ["skupper-site-ca"]);
  }));

test("createSiteAuthority() makes none that is refused, and asks only where there is none", () =>
  withNamespace(async (paths) => {
    const refuse = () => Promise.reject(appError("site-authority-lost", { folder: "its" }));
    const uid = await createSiteAuthority(paths);
    assert.equal(await createSiteAuthority(paths, refuse), uid);
    const folder = join(paths.inputIssuers, "skupper-site-ca");
    await rename(folder, join(paths.home, "aside"));
    const refused = createSiteAuthority(paths, refuse);
    await assert.rejects(refused, (e) => isAppError(e, "site-authority-lost"));
    await rename(join(paths.home, "aside"), folder);
    assert.equal(await siteUid(paths), uid);
  }));

test("createSiteAuthority() leaves a broken authority of the user's alone", () =>
  withNamespace(async (paths) => {
    const folder = join(paths.inputIssuers, "skupper-site-ca");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "ca.crt"), "mine");
    await assert.rejects(
      createSiteAuthority(paths),
      (error) =>
        isAppError(error, "site-issuer-missing") && /tls\.crt, tls\.key/.test(error.message),
    );
    assert.deepEqual(await readdir(folder), ["ca.crt"]);
    await putAuthority(folder);
    await writeFile(join(folder, "tls.crt"), "mine");
    await assert.rejects(
      createSiteAuthority(paths),
      (error) => isAppError(error, "site-issuer-missing") && /broken/.test(error.message),
    );
    await assert.rejects(readdir(paths.state));
  }));

test("createSiteAuthority() says that the data home can't be used where a file is in the way", () =>
  withNamespace(async (paths) => {
    await writeFile(join(paths.home, "namespaces"), "");
    await assert.rejects(createSiteAuthority(paths), (e) => isAppError(e, "data-home-unusable"));
  }));

test("siteUid() stays with the authority, and is another one for another", () =>
  withNamespace(async (paths) => {
    await createSiteAuthority(paths);
    const uid = await siteUid(paths);
    assert.match(uid!, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(await siteUid(paths), uid);
    // as `skupper system start` takes it over, and keeps it once the input is without it
    const adopted = join(paths.runtimeIssuers, "skupper-site-ca");
    await cp(join(paths.inputIssuers, "skupper-site-ca"), adopted, { recursive: true });
    assert.equal(await siteUid(paths), uid);
    await removeSiteAuthority(paths);
    assert.equal(await siteUid(paths), uid);
    const theirs = await putAuthority(adopted);
    const other = await siteUid(paths);
    assert.notEqual(other, uid);
    assert.equal((await readSiteAuthority(paths, "skupper-site-ca")).certificatePem, theirs);
    await rm(paths.runtimeIssuers, { recursive: true });
    await createSiteAuthority(paths);
    assert.ok(![uid, other, undefined].includes(await siteUid(paths)));
    const elsewhere = namespacePaths(paths.home, "east");
    assert.equal(await siteUid(elsewhere), undefined);
  }));

test("siteUid() is undefined for a certificate that is none", () =>
  withNamespace(async (paths) => {
    const folder = join(paths.inputIssuers, "skupper-site-ca");
    await putAuthority(folder);
    await writeFile(join(folder, "tls.crt"), "not a certificate");
    assert.equal(await siteUid(paths), undefined);
  }));

test("readAuthority() finds the named one in runtime before input, and says what is wrong", () =>
  withNamespace(async (paths) => {
    const input = await putAuthority(join(paths.inputIssuers, "mine"));
    assert.equal((await readSiteAuthority(paths, "mine")).certificatePem, input);
    const runtime = await putAuthority(join(paths.runtimeIssuers, "mine"));
    assert.equal((await readSiteAuthority(paths, "mine")).certificatePem, runtime);
    await putAuthority(join(paths.home, "elsewhere"));
    for (const name of ["other", "../../../../elsewhere", "/etc", ""]) {
      await assert.rejects(
        readSiteAuthority(paths, name),
        (error) => isAppError(error, "site-issuer-missing") && /does not exist/.test(error.message),
      );
    }
  }));
