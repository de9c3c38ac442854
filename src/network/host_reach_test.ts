import assert from "node:assert/strict";
import { test } from "node:test";
import { whyOnlyHere } from "./host_reach.ts";

const hosts: [host: string, wanted: RegExp | undefined][] = [
  ["localhost", /whoever/],
  ["127.0.1.1", /itself/],
  ["::1", /itself/],
  ["169.254.3.4", /segment/],
  ["0.0.0.0", /no address/],
  ["west", /bare name/],
  ["west.local", /ending/],
  ["router.west.svc.cluster.local", /ending/],
  ["host.invalid", /looked up/],
  ["10.0.0.7", undefined],
  ["192.0.2.9", undefined],
  ["2001:db8::7", undefined],
];

for (const [host, wanted] of hosts) {
  test(`whyOnlyHere() of ${host}`, async () => {
    const why = await whyOnlyHere(host, new AbortController().signal);
    if (wanted === undefined) assert.equal(why, undefined);
    else assert.match(why ?? "", wanted);
  });
}
