import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeApiServer, reply } from "../../test/fakes/kube_api_server.ts";
import { findPublicAddress } from "./public_address.ts";

const signal = new AbortController().signal;

let fake: FakeApiServer;

before(async () => {
  fake = await FakeApiServer.start(() => {});
});

after(() => fake.close());

test("findPublicAddress() takes a Route's host, once it has one, and the port of TLS", async () => {
  const api = await fake.connect();
  const find = (host?: string) => findPublicAddress(api, "home", "route", host, signal);
  let status = {};
  fake.behaviour = (_request, response) => reply(response, 200, { status });
  assert.equal(await find(), undefined);
  status = { ingress: [{ host: "grants.apps.example" }, { host: "other.example" }] };
  assert.deepEqual(await find(), { host: "grants.apps.example", port: 443 });
  assert.deepEqual(await find("grants.example"), { host: "grants.example", port: 443 });
  assert.equal(
    fake.requests[0]!.path,
    "/apis/route.openshift.io/v1/namespaces/home/routes/hawser-grants",
  );
});
