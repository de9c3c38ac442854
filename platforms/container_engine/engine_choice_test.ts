import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import type { ErrorCode } from "../../src/errors/catalog.ts";
import { chooseSocket, type EngineName } from "./engine_choice.ts";

type Environment = Record<string, string>;

test("chooseSocket() goes by the environment, else takes upstream's defaults", async () => {
  const cases: [EngineName, Environment, number, string][] = [
    ["docker", {}, 0, "/run/docker.sock"],
    ["docker", {}, 1000, "/run/docker.sock"],
    ["docker", { DOCKER_HOST: "unix:///d.sock" }, 0, "/d.sock"],
    ["docker", { CONTAINER_ENDPOINT: "/c.sock", DOCKER_HOST: "unix:///d.sock" }, 0, "/c.sock"],
    ["docker", { CONTAINER_ENDPOINT: "", DOCKER_HOST: "" }, 0, "/run/docker.sock"],
    ["podman", {}, 0, "/run/podman/podman.sock"],
    ["podman", { XDG_RUNTIME_DIR: "/x" }, 0, "/run/podman/podman.sock"],
    ["podman", {}, 1000, "/run/user/1000/podman/podman.sock"],
    ["podman", { XDG_RUNTIME_DIR: "/x" }, 1000, "/x/podman/podman.sock"],
    ["podman", { DOCKER_HOST: "unix:///d.sock" }, 0, "/run/podman/podman.sock"],
    ["podman", { CONTAINER_ENDPOINT: "unix:///c.sock" }, 1000, "/c.sock"],
    ["podman", { CONTAINER_HOST: "unix:///h.sock", DOCKER_HOST: "/d.sock" }, 0, "/h.sock"],
    ["podman", { CONTAINER_ENDPOINT: "/c.sock", CONTAINER_HOST: "/h.sock" }, 0, "/c.sock"],
    ["docker", { CONTAINER_HOST: "unix:///h.sock" }, 0, "/run/docker.sock"],
  ];
  for (const [engine, env, uid, socket] of cases) {
    assert.equal(await chooseSocket(engine, env, uid), socket, JSON.stringify([engine, env, uid]));
  }
});

test("an engine that is not on this machine is refused, and no password shown", async () => {
  for (
    const endpoint of ["tcp://engine:2376", "ssh://me:secret@engine/run/x.sock", "engine.sock"]
  ) {
    await assert.rejects(
      chooseSocket("docker", { DOCKER_HOST: endpoint }, 0),
      (error) =>
        isAppError(error, "engine-remote") && error.message.includes("from DOCKER_HOST") &&
        !error.message.includes("secret"),
    );
  }
});

/** The environment of a user with these files below Docker's folder. */
async function dockerFolder(t: TestContext, files: Record<string, string>): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-docker-config-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return { DOCKER_CONFIG: folder };
}

function metaFile(context: string): string {
  return `contexts/meta/${createHash("sha256").update(context).digest("hex")}/meta.json`;
}

const meta = (Host: string) => JSON.stringify({ Name: "mine", Endpoints: { docker: { Host } } });

test("the current context of Docker names its engine", async (t) => {
  const env = await dockerFolder(t, {
    "config.json": '{ "currentContext": "mine" }',
    [metaFile("mine")]: meta("unix:///mine.sock"),
    [metaFile("far")]: meta("ssh://far"),
  });
  assert.equal(await chooseSocket("docker", env, 1000), "/mine.sock");
  const choose = (more: Environment) => chooseSocket("docker", { ...env, ...more }, 1000);
  assert.equal(await choose({ DOCKER_CONTEXT: "default" }), "/run/docker.sock");
  assert.equal(await choose({ DOCKER_HOST: "unix:///d.sock" }), "/d.sock");
  await assert.rejects(
    choose({ DOCKER_CONTEXT: "far" }),
    /ssh:\/\/far \(from Docker context "far"\)/,
  );
  assert.equal(await chooseSocket("podman", env, 0), "/run/podman/podman.sock");
});

test("a configuration of Docker without a context leaves its default", async (t) => {
  for (
    const text of ["{}", '{ "currentContext": "" }', '{ "currentContext": "default" }', "null"]
  ) {
    const env = await dockerFolder(t, { "config.json": text });
    assert.equal(await chooseSocket("docker", env, 0), "/run/docker.sock");
  }
  const { DOCKER_CONFIG: HOME = "" } = await dockerFolder(t, {});
  assert.equal(await chooseSocket("docker", { HOME }, 0), "/run/docker.sock");
});

test("a broken configuration of Docker is named", async (t) => {
  const current = { "config.json": '{ "currentContext": "mine" }' };
  const cases: [Record<string, string>, ErrorCode][] = [
    [{ "config.json": "{" }, "docker-config-invalid"],
    [{ "config.json/x": "" }, "docker-config-invalid"],
    [current, "docker-context-unknown"],
    [{ ...current, [metaFile("mine")]: "{" }, "docker-config-invalid"],
    [{ ...current, [metaFile("mine")]: '{ "Endpoints": {} }' }, "docker-config-invalid"],
  ];
  for (const [files, code] of cases) {
    const env = await dockerFolder(t, files);
    await assert.rejects(chooseSocket("docker", env, 0), (error) => isAppError(error, code));
  }
});
