import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeApiServer, reply } from "../../test/fakes/kube_api_server.ts";
import { newSite } from "../../test/fakes/data_home.ts";
import { dependentRemover } from "./dependent_remover.ts";

const signal = new AbortController().signal;
const site = { ...newSite("west"), metadata: { name: "west", uid: "uid-of-west" } };

const served = [
  "accessgrants",
  "accesstokens",
  "certificates",
  "connectors",
  "links",
  "listeners",
  "routeraccesses",
  "securedaccesses",
  "sites",
];

/** Names by plural; of others there is one, "one". */
const present: Record<string, object[]> = {
  listeners: [{ name: "gone" }, { name: "strange", labels: 7 }],
  routeraccesses: [
    { name: "mine" },
    { name: "of-another", ownerReferences: [{ uid: "uid-of-another" }] },
    { name: "of-the-site", ownerReferences: [{ uid: "uid-of-west" }] },
  ],
};

let fake: FakeApiServer;

before(async () => {
  fake = await FakeApiServer.start(({ method, path }, response) => {
    const group = "/apis/skupper.io";
    if (path === group) return reply(response, 200, { versions: [{ version: "v2alpha1" }] });
    if (path === `${group}/v2alpha1`) {
      const resources = served.flatMap((name) => [{ name }, { name: `${name}/status` }]);
      return reply(response, 200, { resources });
    }
    const [plural, name] = path.split("/").slice(6);
    if (method === "DELETE") {
      const status = name === "gone" ? 404 : 200;
      return reply(response, status, { kind: "Status", details: { kind: plural } });
    }
    if (plural === "connectors") { // its definition is no more
      response.writeHead(404).end("404 page not found\n");
      return;
    }
    const items = (present[plural!] ?? [{ name: "one" }]).map((metadata) => ({ metadata }));
    reply(response, 200, { metadata: { resourceVersion: "1" }, items });
  });
});

after(() => fake.close());

test("remove() takes tokens first and links late, and leaves what goes with the Site or is gone", async () => {
  const api = await fake.connect();
  await dependentRemover(api, "here").remove(site, signal);
  const removed = fake.requests.filter(({ method }) => method === "DELETE");
  assert.deepEqual(
    removed.map(({ path }) => path.replace("/apis/skupper.io/v2alpha1/namespaces/here/", "")),
    [
      "accesstokens/one",
      "accessgrants/one",
      "listeners/gone",
      "listeners/strange",
      "links/one",
      "routeraccesses/mine",
      "routeraccesses/of-another",
    ],
  );
});
