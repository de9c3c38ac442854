import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isAppError } from "../../src/errors/app_error.ts";
import { openEngineApi } from "./engine_api.ts";

const { signal } = new AbortController();

/** Something that listens at a unix socket of its own; `serve` is told of each connection. */
async function listenAtSocket(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-engine-"));
  const path = join(folder, "engine.sock");
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(async () => {
    open.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  return path;
}

/** Answers one request after the other with these texts, each on a connection of its own. */
function answerWith(...answers: string[]): (socket: Socket) => void {
  return (socket) => void socket.once("data", () => socket.end(answers.shift() ?? ""));
}

function answer(status: string, headers: string[], body = ""): string {
  return [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, "", body].join(
    "\r\n",
  );
}

const docker = answer("200 OK", ["Api-Version: 1.41", "Server: Docker/20.10.24 (linux)"], "OK");
const read = { method: "GET", path: "/info" } as const;

test("openEngineApi() names the engine that answers", async (t) => {
  const podman = ["Api-Version: 1.41", "Libpod-Api-Version: 4.3.1", "Server: Libpod/4.3.1 (linux)"];
  const cases = [
    [docker, "Docker 20.10.24"],
    [answer("200 OK", podman, "OK"), "Podman 4.3.1"],
    [answer("200 OK", ["Api-Version: 1.52"], "OK"), "The engine"],
  ] as const;
  for (const [text, title] of cases) {
    const socket = await listenAtSocket(t, answerWith(text));
    assert.equal((await openEngineApi(socket, signal)).title, title);
  }
});

test("an engine is spoken to in an API that it has", async (t) => {
  for (const [version, root] of [["1.40", "/v1.40"], ["1.44", "/v1.44"], ["2.1", "/v1.44"]]) {
    const requests: string[] = [];
    const serve = answerWith(answer("200 OK", [`Api-Version: ${version}`]), answer("200 OK", []));
    const socket = await listenAtSocket(t, (connection) => {
      connection.once("data", (data) => requests.push(String(data).split("\r\n")[0]!));
      serve(connection);
    });
    await (await openEngineApi(socket, signal)).call("be asked", read, signal);
    assert.deepEqual(requests, ["GET /_ping HTTP/1.1", `GET ${root}/info HTTP/1.1`]);
  }
});

test("an engine that is too old says what it has", async (t) => {
  const cases = [
    [["Api-Version: 1.39", "Server: Docker/18.09"], /Docker 18.09 .* API 1.39, .* API 1.40 /],
    [["Api-Version: 1.40", "Server: Libpod/3.4.4 (linux)"], /Podman .* version 3.4.4, .* 4.0 /],
  ] as const;
  for (const [headers, words] of cases) {
    const socket = await listenAtSocket(t, answerWith(answer("200 OK", [...headers])));
    await assert.rejects(openEngineApi(socket, signal), (error) => {
      return isAppError(error, "engine-outdated") && words.test(error.message);
    });
  }
});

test("what is no engine is told from one", async (t) => {
  const others: Record<string, (socket: Socket) => void> = {
    "it speaks another protocol": (socket) => socket.end("SSH-2.0-OpenSSH_9.2p1\r\n"),
    "it hangs up at once": (socket) => socket.destroy(),
    "it hangs up when asked": answerWith(""),
    "it is a web server": answerWith(answer("404 Not Found", ["Server: nginx"], "<html>")),
    "it answers without end": (socket) => {
      const more = () => void (socket.writable && socket.write("x".repeat(1024 * 1024), more));
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\n", more));
    },
  };
  for (const [name, serve] of Object.entries(others)) {
    const socket = await listenAtSocket(t, serve);
    await assert.rejects(
      openEngineApi(socket, signal),
      (error) => isAppError(error, "engine-invalid"),
      name,
    );
  }
});

test("an engine that can't be reached says why", async (t) => {
  const socket = await listenAtSocket(t, () => {});
  const file = `${socket}.file`;
  await writeFile(file, "");
  for (const [path, why] of [[`${socket}.none`, "no such socket"], [file, "nothing listens"]]) {
    await assert.rejects(openEngineApi(path!, signal), (error) => {
      return isAppError(error, "engine-unreachable") && error.message.includes(why!);
    });
  }
});

test("an engine that ends in the middle of an answer is lost", async (t) => {
  for (const half of ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]) {
    const socket = await listenAtSocket(t, answerWith(docker, half));
    const api = await openEngineApi(socket, signal);
    await assert.rejects(
      api.call("be asked", read, signal),
      (error) => isAppError(error, "engine-lost"),
    );
  }
});

test("an archive that breaks off is told as such, and not as an engine that is lost", async (t) => {
  const socket = await listenAtSocket(t, (connection) => {
    connection.once("data", (data) => {
      if (String(data).startsWith("GET /_ping")) connection.end(docker);
      else connection.resume();
    });
  });
  const api = await openEngineApi(socket, signal);
  async function* archive() {
    for (let chunk = 0; chunk < 4; chunk++) yield new Uint8Array(1024 * 1024);
    throw new Error("the file is gone");
  }
  for (let round = 0; round < 5; round++) {
    const request = { method: "POST", path: "/images/create", archive: archive() } as const;
    await assert.rejects(api.call("be given it", request, signal), /the file is gone/);
  }
});

test("what an engine refuses is told in its words", async (t) => {
  const refusals = [
    [
      answer("500 Oops", [], '{"message":"it is broken"}'),
      "engine-failed",
      /could not rest: it is/,
    ],
    [answer("400 Bad", [], "in plain words"), "engine-failed", /could not rest: in plain words/],
    [answer("503 Later", []), "engine-failed", /status 503/],
    [
      answer("500 Oops", [], '{"message":"x: no space left on device"}'),
      "engine-disk-full",
      /rest/,
    ],
  ] as const;
  for (const [text, code, words] of refusals) {
    const api = await openEngineApi(await listenAtSocket(t, answerWith(docker, text)), signal);
    await assert.rejects(api.call("rest", read, signal), (error) => {
      return isAppError(error, code) && words.test(error.message);
    });
  }
  const gone = answerWith(docker, answer("404 Not Found", []));
  const api = await openEngineApi(await listenAtSocket(t, gone), signal);
  assert.equal((await api.call("rest", read, signal, [404])).status, 404);
});

test("a call ends with its signal, and with its own time", async (t) => {
  let calls = 0;
  const socket = await listenAtSocket(t, (connection) => {
    if (calls++ === 0) answerWith(docker)(connection);
  });
  const api = await openEngineApi(socket, signal);
  const stop = new AbortController();
  const stopped = api.call("rest", read, stop.signal);
  stop.abort(new Error("stopped by the test"));
  await assert.rejects(stopped, /stopped by the test/);
  await assert.rejects(
    api.call("rest", { ...read, limitMs: 20 }, signal),
    (error) => isAppError(error, "engine-unreachable") && /did not answer/.test(error.message),
  );
});
