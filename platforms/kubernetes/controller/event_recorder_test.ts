import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeApiServer, refuse, reply } from "../../../test/fakes/kube_api_server.ts";
import type { ApiClient } from "../api/client.ts";
import { EventRecorder } from "./event_recorder.ts";

let fake: FakeApiServer;
let api: ApiClient;

before(async () => {
  fake = await FakeApiServer.start(() => {});
  api = await fake.connect();
});

after(() => fake.close());

const about = { kind: "AccessGrant", namespace: "west", name: "g", uid: "u-1" } as const;

function redeemedBy(client: string) {
  const message = `Redeemed as "${client}"`;
  return { about, reason: "Redeemed", message, isProblem: false };
}

/** What the recorder has sent when it has stopped. */
async function published(record: (recorder: EventRecorder) => void) {
  fake.requests.length = 0;
  fake.behaviour = (_request, response) => reply(response, 201, {});
  const problems: unknown[] = [];
  const recorder = new EventRecorder(
    api,
    "replica-1",
    (problem) => problems.push(problem),
    () => Date.parse("2026-11-22T12:00:00Z"),
  );
  record(recorder);
  await recorder.stop(5000);
  assert.deepEqual(problems, []);
  return fake.requests.map(({ path, body }) => ({ path, body: JSON.parse(body) }));
}

test("an outcome becomes an Event of the resource it befell", async () => {
  const [event, ...more] = await published((recorder) => recorder.announce(redeemedBy("east")));
  assert.deepEqual(more, []);
  assert.equal(event!.path, "/api/v1/namespaces/west/events");
  const { metadata, ...body } = event!.body;
  assert.match(metadata.name, /^g\.[0-9a-f]{16}$/);
  assert.deepEqual(body, {
    involvedObject: { apiVersion: "skupper.io/v2alpha1", ...about },
    type: "Normal",
    reason: "Redeemed",
    message: 'Redeemed as "east"',
    count: 1,
    firstTimestamp: "2026-11-22T12:00:00Z",
    lastTimestamp: "2026-11-22T12:00:00Z",
    source: { component: "hawser-controller" },
    reportingComponent: "hawser-controller",
    reportingInstance: "replica-1",
  });
});

test("many outcomes of a kind become two Events, the second with their number", async () => {
  const events = await published((recorder) => {
    for (let i = 1; i <= 300; i++) recorder.announce(redeemedBy(`east-${i}`));
    recorder.announce({ about, reason: "Refused", message: "used-up", isProblem: true });
  });
  const told = events.map(({ body }) => `${body.type} ${body.count} ${body.message}`).sort();
  assert.deepEqual(told, [
    'Normal 1 Redeemed as "east-1"',
    'Normal 299 Redeemed as "east-300"',
    "Warning 1 used-up",
  ]);
});

test("what can't be published is told, and holds up nothing", async () => {
  fake.behaviour = (_request, response) => refuse(response, 403);
  const problems: unknown[] = [];
  const recorder = new EventRecorder(api, "replica-1", (problem) => problems.push(problem));
  recorder.announce(redeemedBy("east"));
  await recorder.stop(5000);
  assert.equal(problems.length, 1);
});
