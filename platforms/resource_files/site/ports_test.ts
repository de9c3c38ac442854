import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { isAppError } from "../../../src/errors/app_error.ts";
import { findFreePort } from "./ports.ts";

test("findFreePort() passes by a port that somebody listens on, at any address", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo; // a TCP server that listens
    assert.ok(await findFreePort(port, new Set()) > port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("findFreePort() passes by ports that are taken, until there are no more", async () => {
  const taken = new Set([50_001, 50_002]);
  assert.ok(await findFreePort(50_001, taken) > 50_002);
  await assert.rejects(
    findFreePort(65_535, new Set([65_535])),
    (error) => isAppError(error, "port-in-use"),
  );
});
