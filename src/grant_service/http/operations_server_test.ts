import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { isAppError } from "../../errors/app_error.ts";
import { createMetrics } from "../metrics.ts";
import { startOperationsServer } from "./operations_server.ts";

test("the page is answered to this machine alone", async () => {
  const page = { policy: "default-src 'none'", render: () => Promise.resolve("<p>all</p>") };
  const server = await startOperationsServer({
    ...{ host: "0.0.0.0", ports: [0], metrics: createMetrics() },
    ...{ whyNotReady: () => undefined, page },
  });
  try {
    const here = await fetch(`http://127.0.0.1:${server.port}/`);
    assert.equal(await here.text(), "<p>all</p>");
    assert.equal(here.headers.get("content-security-policy"), "default-src 'none'");
    const addresses = Object.values(networkInterfaces()).flat();
    const other = addresses.find((one) => one?.family === "IPv4" && !one.internal)?.address;
    if (other !== undefined) {
      const answer = await fetch(`http://${other}:${server.port}/`);
      assert.equal(answer.status, 403);
      await answer.text();
    }
    page.render = () => Promise.reject(new Error("the cluster is gone"));
    const failed = await fetch(`http://localhost:${server.port}/`);
    assert.deepEqual([failed.status, await failed.text()], [503, "the cluster is gone\n"]);
  } finally {
    await server.stop();
  }
});

test("the operations server tells health, readiness and figures, on loopback", async () => {
  const metrics = createMetrics();
  let missing: string | undefined = "the controller is starting";
  const server = await startOperationsServer({
    ...{ host: "127.0.0.1", ports: [0], metrics },
    whyNotReady: () => missing,
  });
  async function ask(path: string, method = "GET") {
    const response = await fetch(server.url + path, { method });
    return [response.status, await response.text()] as const;
  }
  try {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual(await ask("/healthz"), [200, "ok\n"]);
    assert.deepEqual(await ask("/readyz"), [503, "the controller is starting\n"]);
    missing = undefined;
    assert.deepEqual(await ask("/readyz"), [200, "ok\n"]);
    metrics.countAnswer("redeemed", 0.002);
    metrics.countUndelivered();
    const [status, figures] = await ask("/metrics");
    assert.equal(status, 200);
    assert.match(figures, /^hawser_grant_answers_total\{outcome="redeemed"\} 1$/m);
    assert.match(figures, /^hawser_grant_undelivered_answers_total 1$/m);
    assert.match(figures, /^hawser_grant_answer_seconds_bucket\{le="0.0025"\} 1$/m);
    assert.equal((await ask("/other"))[0], 404);
    assert.equal((await ask("/healthz", "POST"))[0], 405);
    const place = { host: "127.0.0.1", metrics, whyNotReady: () => undefined };
    await assert.rejects(
      startOperationsServer({ ...place, ports: [server.port] }),
      (error) => isAppError(error, "port-in-use") && error.data.option === "--operations-port",
    );
    const second = await startOperationsServer({ ...place, ports: [server.port, 0] });
    assert.notEqual(second.port, server.port);
    await second.stop();
  } finally {
    await server.stop();
  }
});
