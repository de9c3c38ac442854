import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type TestHome, withDataHome } from "../../../test/fakes/data_home.ts";
import { machineOf } from "../../../test/fakes/machine.ts";
import { type Router, startRouter } from "../../../test/fakes/router/router.ts";
import { putInput, siteInput, systemStart } from "../../../test/fakes/system_start.ts";
import { isAppError } from "../../../src/errors/app_error.ts";
import { liveLinks } from "./live_links.ts";
import { LocalRouter } from "./local_router.ts";

const signal = new AbortController().signal;
const reload = "skupper system reload -n west -p podman";

/** The body of a test with a site of upstream's, its router, and a link that is only stored. */
function withLink(
  body: (stage: {
    router: Router;
    root: string;
    live: ReturnType<typeof liveLinks>;
    home: TestHome;
    store(link: object, secret?: object): void;
    env: Record<string, string>;
  }) => Promise<void>,
) {
  return () =>
    withDataHome(async (home) => {
      const machine = await machineOf(home.home, "west", { hosts: ["127.0.0.1"] });
      siteInput(machine, "west");
      await systemStart(machine);
      const { paths, held } = home.open("west");
      const router = await startRouter(paths.root);
      const read = (file: string) =>
        fs.readFileSync(join(paths.runtimeCerts, "client-west", file)).toString("base64");
      const data = {
        "ca.crt": read("ca.crt"),
        "tls.crt": read("tls.crt"),
        "tls.key": read("tls.key"),
      };
      const env: Record<string, string> = { PATH: home.home };
      const live = liveLinks({
        paths,
        router: new LocalRouter(paths, "podman"),
        whileHeld: (_signal, work) => work(held),
        env,
        executable: ["/no/such/program"],
      });
      function store(spec: object, secret: object = data): void {
        const named = { name: "link", namespace: "west" };
        putInput(machine, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: named,
          type: "kubernetes.io/tls",
          data: secret,
        });
        putInput(machine, {
          apiVersion: "skupper.io/v2alpha1",
          kind: "Link",
          metadata: named,
          spec: { tlsCredentials: "link", ...spec },
        });
      }
      try {
        await body({ router, root: paths.root, live, home, store, env });
      } finally {
        await router.stop();
      }
    });
}

const endpoints = [{ name: "inter-router", host: "127.0.0.1", port: "1" }];

test(
  "apply() gives the router the link as it is stored, once, and drop() takes it away",
  withLink(async ({ router, root, live, store }) => {
    store({ endpoints, cost: 3 });
    assert.deepEqual(await live.apply("link", signal), { done: true, until: reload });
    assert.equal(router.connectors.entities()[0]?.["cost"], 3);
    const folder = join(root, "runtime/certs/link-profile");
    const before = fs.statSync(folder).mtimeMs;
    assert.equal((await live.apply("link", signal)).done, true);
    assert.equal(fs.statSync(folder).mtimeMs, before);
    store({ endpoints, cost: 4 });
    await live.apply("link", signal);
    assert.equal(router.connectors.entities()[0]?.["cost"], 4);
    fs.rmSync(join(root, "input/resources/Link-link.yaml"));
    assert.deepEqual(await live.drop("link", signal), { done: true });
    assert.deepEqual(router.connectors.entities(), []);
    assert.ok(!router.profiles.has("link-profile"));
    assert.ok(!fs.existsSync(folder), "the key goes with the link");
    assert.deepEqual(router.log.filter((line) => line.includes("error")), []);
  }),
);

test(
  "what the router does not take is said, and nothing that was there is changed",
  withLink(async ({ router, root, live, store }) => {
    const why = async (): Promise<string | undefined> => {
      const change = await live.apply("link", signal);
      assert.deepEqual([change.done, change.running, change.command], [false, true, reload]);
      return change.why;
    };
    store({ endpoints: [{ name: "edge", host: "h", port: "1" }] });
    assert.equal(await why(), "the link has no endpoint for a router of role inter-router");
    store({ endpoints, tlsCredentials: "../../x" });
    assert.equal(await why(), "the name of its credentials is none");
    store({ endpoints, tlsCredentials: "absent" });
    assert.match((await why())!, /^Secret "absent" does not exist/);
    store({ endpoints });
    const folder = join(root, "runtime/certs/link-profile");
    fs.mkdirSync(folder);
    fs.writeFileSync(join(folder, "tls.key"), "another's");
    assert.equal(await why(), "the router has other credentials as link-profile");
    assert.equal(fs.readFileSync(join(folder, "tls.key"), "utf8"), "another's");
    fs.rmSync(folder, { recursive: true });
    router.answers = "refusals";
    assert.match((await why())!, /^The router refuses to list router: Forbidden/);
    router.answers = "nothing";
    assert.match((await why())!, /does not answer$/);
    router.answers = "usual";
    assert.deepEqual(router.connectors.entities(), []);
    await router.stop();
    assert.deepEqual(await live.apply("link", signal), {
      done: false,
      running: false,
      command: reload,
    });
  }),
);

test(
  "reload() runs upstream's program, and tells what it says when it fails",
  withLink(async ({ live, home, env }) => {
    const failed = async (): Promise<string> => {
      const error = await live.reload(signal).then(() => undefined, (error) => error);
      assert.ok(isAppError(error, "reload-failed"));
      return error.data.why;
    };
    assert.equal(await failed(), "no skupper of upstream's is on the PATH");
    const program = join(home.home, "skupper");
    const write = (text: string) => fs.writeFileSync(program, text, { mode: 0o755 });
    write('#!/bin/sh\necho "$@" > "$0.called"\n');
    env["PATH"] = `${home.home}:/usr/bin:/bin`;
    await live.reload(signal);
    assert.equal(
      fs.readFileSync(`${program}.called`, "utf8"),
      "system reload -n west -p podman\n",
    );
    write("#!/bin/sh\necho 'port is taken'\nexit 1\n");
    assert.equal(await failed(), "it ended with 1: port is taken");
  }),
);
