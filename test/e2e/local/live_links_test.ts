import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { hasOpenssl } from "../../openssl.ts";
import { eventually } from "../stage/eventually.ts";
import type { Sandbox } from "../stage/harness.ts";
import { startServer } from "../stage/openssl_ends.ts";
import { makeForeignCredentials, replaceCredentials } from "../stage/real_link.ts";
import { betweenRouters, listLinks, RoutedSite, untilLink } from "../stage/routed_sites.ts";
import { assertRefused, messages } from "../stage/refusal.ts";
import { issueToken } from "../stage/sites.ts";

const east = ["-n", "east"];
const reload = (platform: string) => `skupper system reload -n east -p ${platform}`;

for (const platform of ["linux", "docker", "podman"] as const) {
  test(
    `on ${platform} a redeemed link is active at once, its cost changes and it ends at once`,
    betweenRouters(async (sandbox, west, site) => {
      const name = await issueToken(sandbox, "t.yaml");
      const redeemed = await sandbox.succeed([
        "token",
        "redeem",
        "t.yaml",
        ...east,
        "--wait",
        "ready",
      ]);
      assert.match(redeemed.stdout, new RegExp(`^Link "${name}" is active\\.$`, "m"));
      assert.match(
        redeemed.stderr,
        new RegExp(
          `^hint: A restart of the router ends the link until this was run: ${reload(platform)}$`,
          "m",
        ),
      );
      const profile = path.join(site.root, `runtime/certs/${name}-profile`);
      assert.equal(fs.statSync(profile).mode & 0o777, 0o700);
      for (const file of fs.readdirSync(profile)) {
        assert.equal(fs.statSync(path.join(profile, file)).mode & 0o777, 0o600);
      }
      const [link] = await listLinks(sandbox, "east");
      assert.deepEqual(
        [link!.status.status, link!.status.message, link!.status.remoteSiteName],
        ["Ready", "OK", "west"],
      );
      const { router } = link!;
      assert.deepEqual([router.state, router.cost, router.connections], ["operational", 1, 3]);
      assert.equal(router.remoteSite?.router, west.router.id);
      assert.equal(router.remoteSite?.id, link!.status.remoteSiteId);
      assert.ok(Date.parse(router.since!) > 0);

      const debugged = await sandbox.succeed(["link", "status", ...east], { env: { DEBUG: "*" } });
      assert.doesNotMatch(debugged.stderr, /rhea/);

      const update = ["link", "update", name, "--cost", "7", ...east];
      const updated = await sandbox.succeed([...update, "-o", "json"]);
      assert.deepEqual(JSON.parse(updated.stdout).live, { done: true, until: reload(platform) });
      assert.equal((await untilLink(sandbox, "east", "operational")).router.cost, 7);
      await site.reload(); // says the same
      assert.equal((await untilLink(sandbox, "east", "operational")).router.cost, 7);
      const again = await sandbox.succeed([...update, "-o", "json"]);
      assert.deepEqual(JSON.parse(again.stdout).live, { done: true });

      const deleted = await sandbox.succeed(["link", "delete", name, ...east]);
      assert.equal(deleted.stdout, `Link "${name}" is deleted.\n`);
      assert.match(deleted.stderr, /^hint: A restart of the router brings the link back until /m);
      assert.deepEqual(site.router.connectors.entities(), []);
      assert.deepEqual(await listLinks(sandbox, "east"), []);
      assert.ok(fs.existsSync(profile), "the router needs it to start");
      await site.stopRouter();
      await site.startRouter();
      const [left] = await listLinks(sandbox, "east");
      assert.deepEqual([left!.metadata.name, left!.router.state], [name, "deleted"]);
      assert.match(left!.status.message, /^Deleted, and the router still has it, "skupper /);

      await site.reload();
      const dropped = await issueToken(sandbox, "dropped.yaml");
      const input = "data/namespaces/east/input/resources/dropped.yaml";
      sandbox.write(input, sandbox.read("dropped.yaml"));
      const taken = await untilLink(sandbox, "east", "operational");
      assert.deepEqual([taken.metadata.name, taken.status.status], [dropped, "Ready"]);
      let used: string | undefined;
      await eventually(() => {
        const log = sandbox.read("data/hawser/.controller/controller.log").split("\n");
        return used = log.find((line) => line.includes('"link-used"'));
      });
      const { namespace, name: told, until } = JSON.parse(used!);
      assert.deepEqual([namespace, told, until], ["east", dropped, reload(platform)]);
      assert.deepEqual([site.complaints, west.complaints], [[], []]);
    }, platform),
  );
}

test(
  "a link is told as its router tells it: remote gone and back, router stopped, refused",
  betweenRouters(async (sandbox, west, site) => {
    const name = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    const ready = ["token", "redeem", "t.yaml", ...east, "--wait", "ready", "--timeout", "2m"];
    assert.match((await sandbox.succeed(ready)).stdout, /is active\./);
    assert.match((await sandbox.succeed(["link", "check", ...east])).stdout, /ok/);
    assert.deepEqual([site.complaints, west.complaints], [[], []]);
    const watches = [
      sandbox.start(["link", "status", "--watch", ...east, "-o", "json"]),
      sandbox.start(["site", "status", "--watch", ...east]),
    ];
    const heard = watches.map(({ process: { stdout } }) => {
      let output = "";
      stdout!.on("data", (text: string) => output += text);
      return () => output;
    });
    const waited = await sandbox.succeed(["link", "status", "--wait", "operational", ...east]);
    assert.match(waited.stdout, new RegExp(`^${name} +Ready `, "m"));
    const tree = await sandbox.succeed(["network", ...east]);
    assert.equal(
      tree.stdout,
      `east (linux 2.2.1, this site)\n└─▶ west (linux 2.2.1)  link ${name}, cost 1\n`,
    );
    const map = JSON.parse((await sandbox.succeed(["network", "-n", "west", "-o", "json"])).stdout);
    assert.deepEqual(
      map.sites.map(({ name, here }: { name: string; here?: true }) => [name, here ?? false]),
      [["west", true], ["east", false]],
    );
    assert.match(
      (await sandbox.succeed(["network", ...east, "-o", "svg"])).stdout,
      /^<svg [^]*<\/svg>$/m,
    );
    await eventually(() => heard.every((output) => output() !== ""));
    await west.stopRouter();
    const down = await untilLink(sandbox, "east", "down");
    assert.equal(down.status.status, "Pending");
    const refused = /^Connection to localhost:\d+ failed: proton:io Connection refused/;
    await untilMessage(sandbox, refused);
    const shown = await sandbox.succeed(["link", "status", name, ...east]);
    assert.match(shown.stdout, /^Status: +Pending$/m);
    assert.match(shown.stdout, /^Message: +Not operational: nothing accepts links at the remote/m);
    assert.match(shown.stdout, /^Router says: +Connection to localhost/m);
    const wait = ["link", "status", name, "--wait", "operational", "--timeout", "0", ...east];
    assertRefused(
      await sandbox.hawser(wait),
      124,
      `error: Timed out after 0s waiting for link "${name}" to be operational: link "${name}" is ` +
        "Pending (Not operational: nothing accepts links at the remote site's address)",
      `hint: To go on from here: hawser link status ${name} --wait operational -n east`,
    );
    await eventually(() => /down/.test(heard[0]!())); // each watch asks once a second
    await eventually(() => /0 of 1 links operational/.test(heard[1]!()));
    await west.startRouter();
    await untilLink(sandbox, "east", "operational");
    await eventually(() => /down.*operational/s.test(heard[0]!()));

    await site.stopRouter();
    const [stopped] = await listLinks(sandbox, "east");
    assert.equal(
      stopped!.status.message,
      `The router is not running, "${reload("linux")}" starts it`,
    );
    assert.equal(stopped!.router.state, "down");
    await eventually(() => /down.*operational.*down/s.test(heard[0]!()));
    await eventually(() => /router not running/.test(heard[1]!()));
    for (const watch of watches) watch.process.kill("SIGINT");
    const [links, states] = await Promise.all(watches.map(({ ended }) => ended));
    const told = links!.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(told.map(({ link, change }) => [change, link.router.state]).slice(0, 2), [
      ["found", "operational"],
      ["changed", "down"],
    ]);
    assert.ok(told.some(({ link }, index) => index > 1 && link.router.state === "operational"));
    const first = "east  Ready  router running  1 of 1 links operational  linked with west";
    assert.match(states!.stdout, new RegExp(`^\\S+Z  ${first}\n`));
    assert.match(states!.stdout, /^\S+Z {2}east {2}Ready {2}router running {2}0 of 1 links oper/m);
    assert.deepEqual([links!.signal, states!.signal], ["SIGINT", "SIGINT"]);
    await site.startRouter();
    const [absent] = await listLinks(sandbox, "east"); // upstream's configuration has it not yet
    assert.equal(absent!.router.state, "absent");
    assert.match(absent!.status.message, /^Not taken up by the router yet, /);
    await site.reload();
    await untilLink(sandbox, "east", "operational");

    site.router.answers = "nothing";
    const [unknown] = await listLinks(sandbox, "east");
    assert.deepEqual([unknown!.status.status, unknown!.router.state], ["Unknown", "unknown"]);
    assert.equal(unknown!.status.message, "The router can't be asked: it does not answer");
    site.router.answers = "usual";

    // a router of another authority takes the place of west's
    await west.stopRouter();
    const other = await RoutedSite.start(sandbox, "other", { ports: west.machine.ports });
    await untilMessage(sandbox, /certificate verify failed/);
    assert.equal((await listLinks(sandbox, "east"))[0]!.router.fault, "server-not-trusted");
    await other.end();
  }),
);

test(
  "link check tells the router's view: operational, and down though all endpoints answer",
  betweenRouters(async (sandbox, west, site) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", ...east, "--wait", "ready"]);
    const check = ["link", "check", ...east];
    const { stdout } = await sandbox.succeed(check);
    const up =
      "router: operational since \\S+Z, cost 1, to west \\([0-9a-f-]{36}\\), 3 connections";
    assert.match(stdout, new RegExp(`^Link "${name}"\n  ${up}\n  inter-router localhost:`));
    const [told] = JSON.parse((await sandbox.succeed([...check, "-o", "json"])).stdout);
    assert.deepEqual([told.router.state, told.router.cost], ["operational", 1]);
    assert.deepEqual([site.complaints, west.complaints], [[], []]);

    // the router has another authority's certificate, and the site's input has the right one
    await site.reload();
    const foreign = await makeForeignCredentials(sandbox, "");
    const given = path.join(site.root, `runtime/certs/${name}-profile/ca.crt`);
    fs.writeFileSync(given, fs.readFileSync(foreign.certificate));
    await site.stopRouter();
    await site.startRouter();
    await untilMessage(sandbox, /certificate verify failed/);
    const untrusted = await sandbox.hawser(check);
    assert.equal(untrusted.code, 8);
    assert.match(untrusted.stdout, /ok {5}certificate: a router accepts it/);
    const why = "the remote router's certificate is not trusted: another authority or another name";
    assert.ok(untrusted.stdout.includes(`\n  router: not operational: ${why}, cost 1\n`));
    assert.match(untrusted.stdout, /^ {4}it says: Connection to localhost:.*verify failed$/m);
    assert.equal(
      messages(untrusted),
      `error: Link "${name}" is not operational, though its endpoints answer: its router says: ` +
        `${why}\nhint: hawser link status ${name} -n east\n`,
    );
  }),
);

test(
  "a certificate that the remote refuses is told as such, by the router and by link check (needs openssl)",
  { skip: !hasOpenssl },
  betweenRouters(async (sandbox, west, site) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", ...east, "--wait", "ready"]);
    replaceCredentials(sandbox, name, await makeForeignCredentials(sandbox, ""));
    // the runtime that the stand-in is in refuses without a word, and OpenSSL as a router does
    await west.stopRouter();
    const file = (part: string) => path.join(west.root, "runtime/certs/west", part);
    const files = { ca: file("ca.crt"), certificate: file("tls.crt"), key: file("tls.key") };
    const server = await startServer(files, String(west.machine.ports["inter-router"]));
    try {
      await site.reload();
      await untilMessage(sandbox, /alert unknown ca/);
      const [link] = await listLinks(sandbox, "east");
      const plain = "the remote router refuses the link's certificate";
      assert.deepEqual(
        [link!.status.status, link!.status.message, link!.router.fault],
        ["Pending", `Not operational: ${plain}`, "certificate-refused"],
      );
      const checked = await sandbox.hawser(["link", "check", ...east]);
      assert.equal(checked.code, 4);
      assert.ok(checked.stdout.includes(`  router: not operational: ${plain}, cost 1\n`));
      assert.match(checked.stdout, /FAILED certificate: the server refuses the link's certificate/);
      assert.deepEqual(site.complaints, []);
    } finally {
      server.kill("SIGKILL");
    }
  }),
);

test(
  "site status tells which sites are linked, from either side, and edge sites too",
  betweenRouters(async (sandbox, west, site) => {
    const south = await RoutedSite.start(sandbox, "south", { platform: "linux" }, { edge: true });
    try {
      const name = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
      for (const from of ["east", "south"]) {
        await sandbox.succeed(["token", "redeem", "t.yaml", "-n", from, "--wait", "ready"]);
      }
      const id = "\\([0-9a-f-]{36}\\)";
      const told = async (namespace: string) =>
        (await sandbox.succeed(["site", "status", "-n", namespace])).stdout;
      assert.match(
        await told("west"),
        new RegExp(
          `^Router: +running\nRemote site: +east ${id}, 3 connections since \\S+Z\n` +
            `Remote site: +south ${id}, 1 connection since \\S+Z$`,
          "m",
        ),
      );
      for (const [from, count] of [["east", "3 connections"], ["south", "1 connection"]] as const) {
        assert.match(
          await told(from),
          new RegExp(
            `^Router: +running\nLink: +${name}: operational since \\S+Z, cost 1, to west ${id}, ` +
              `${count}\nRemote site: +west ${id}, ${count} since \\S+Z$`,
            "m",
          ),
        );
      }
      const json = await sandbox.succeed(["site", "status", "-n", "west", "-o", "json"]);
      const { router } = JSON.parse(json.stdout);
      assert.deepEqual(router.links, []);
      assert.deepEqual(
        router.remoteSites.map((remote: { name: string; router: string }) => [
          remote.name,
          remote.router,
        ]),
        [["east", site.router.id], ["south", south.router.id]],
      );
      const map = JSON.parse((await sandbox.succeed(["network", ...east, "-o", "json"])).stdout);
      assert.deepEqual(
        map.sites.map(({ name, answered }: { name: string; answered?: false }) => [name, answered]),
        [["east", undefined], ["west", undefined], ["south", undefined]],
      );
      // a watch that is broken off leaves its routers properly
      const watch = sandbox.start(["site", "status", "--watch", "-n", "west"]);
      let heard = "";
      watch.process.stdout!.on("data", (text: string) => heard += text);
      await eventually(
        () => /router running {2}linked with east, south\n/.test(heard),
        () => heard,
      );
      watch.process.kill("SIGINT");
      assert.equal((await watch.ended).signal, "SIGINT");
      assert.deepEqual(
        [west, site, south].flatMap(({ complaints }) => complaints),
        [],
      );
    } finally {
      await south.end();
    }
  }),
);

/** Waits until the router says that of the only link. */
async function untilMessage(sandbox: Sandbox, pattern: RegExp): Promise<void> {
  await eventually(async () => {
    const [link] = await listLinks(sandbox, "east");
    return pattern.test(link!.router.message ?? "");
  });
}
