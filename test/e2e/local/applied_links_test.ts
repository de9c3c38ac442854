import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sandbox } from "../stage/harness.ts";
import { makeForeignCredentials } from "../stage/real_link.ts";
import { eventually } from "../stage/eventually.ts";
import { messages } from "../stage/refusal.ts";
import { betweenRouters, listLinks, untilLink } from "../stage/routed_sites.ts";
import { issueToken } from "../stage/sites.ts";

const east = ["-n", "east"];
const reload = "skupper system reload -n east -p linux";

/** A link of east as `get` prints it, keys too. */
async function printLink(sandbox: Sandbox, name: string): Promise<string> {
  const get = async (what: string) =>
    (await sandbox.succeed(["get", `${what}/${name}`, ...east, "-o", "yaml", "--show-secrets"], {
      printsToken: true,
    })).stdout;
  return `${await get("secret")}---\n${await get("link")}`;
}

test(
  "delete and apply -f of a Link are as link delete and link update to a router that runs",
  betweenRouters(async (sandbox, west, site) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", ...east, "--link-cost", "2"]);
    sandbox.write("link.yaml", await printLink(sandbox, name));

    const deleted = await sandbox.succeed(["delete", "-f", "link.yaml", ...east]);
    assert.equal(deleted.stdout, `link.skupper.io "${name}" deleted\nsecret "${name}" deleted\n`);
    assert.deepEqual(site.router.connectors.entities(), []);
    assert.deepEqual(await listLinks(sandbox, "east"), []);

    const apply = ["apply", "-f", "link.yaml", ...east];
    const made = await sandbox.succeed(apply);
    assert.equal(made.stdout, `secret/${name} created\nlink.skupper.io/${name} created\n`);
    assert.equal(
      messages(made),
      `hint: A restart of the router ends the link until this was run: ${reload}\n`,
    );
    await untilLink(sandbox, "east", "operational");

    const before = sandbox.read("link.yaml");
    sandbox.write("link.yaml", before.replace(/^( *)cost: 2$/m, "$1cost: 7"));
    const changed = JSON.parse((await sandbox.succeed([...apply, "-o", "json"])).stdout);
    const [, link] = changed.items;
    assert.deepEqual([link.spec.cost, link.live], [7, { done: true, until: reload }]);
    assert.equal((await untilLink(sandbox, "east", "operational")).router.cost, 7);
    await site.reload();
    const again = await sandbox.succeed(apply);
    assert.deepEqual(
      [again.stdout, messages(again)],
      [`secret/${name} unchanged\nlink.skupper.io/${name} unchanged\n`, ""],
    );

    site.router.answers = "refusals";
    const kept = await sandbox.succeed(["delete", `link/${name}`, ...east]);
    assert.equal(kept.stdout, `link.skupper.io "${name}" deleted, but its router still has it\n`);
    assert.match(
      messages(kept),
      new RegExp(`^hint: The router does not have it yet .*: ${reload}\n`),
    );
    const refused = await sandbox.succeed(apply);
    assert.match(
      refused.stdout,
      new RegExp(`^link.*/${name} created, but its router does not have that yet$`, "m"),
    );
    site.router.answers = "usual";
    const gone = await sandbox.succeed(["delete", `link/${name}`, ...east, "-o", "json"]);
    assert.deepEqual(JSON.parse(gone.stdout), {
      platform: "linux",
      deleted: [`link.skupper.io/${name}`],
      live: { [`link.skupper.io/${name}`]: { done: true, until: reload } },
    });
    assert.deepEqual(site.router.connectors.entities(), []);
    assert.deepEqual([site.complaints, west.complaints], [[], []]);
  }),
);

test(
  "apply -f of a Secret says that the router of its Link has other credentials",
  betweenRouters(async (sandbox, _west, site) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", ...east, "--wait", "ready"]);
    const { certificate, key } = await makeForeignCredentials(sandbox, "");
    const { stdout } = await sandbox.succeed(["get", `secret/${name}`, ...east, "-o", "json"]);
    const secret = JSON.parse(stdout);
    const read = (file: string) => sandbox.read(file.slice(sandbox.folder.length + 1));
    secret.stringData = { "tls.crt": read(certificate), "tls.key": read(key) };
    delete secret.data;
    const applied = await sandbox.succeed(["apply", "-f", "-", ...east], {
      stdin: JSON.stringify(secret),
    });
    assert.equal(applied.stdout, `secret/${name} configured\n`);
    assert.equal(
      messages(applied),
      `hint: The router does not have it yet (the router has other credentials as ${name}-profile): ` +
        `${reload}\n`,
    );
    assert.equal((await untilLink(sandbox, "east", "operational")).metadata.name, name);
    assert.equal(site.router.connectors.entities().length, 1);
  }),
);

test(
  "a watch looks once with --timeout 0, ends with its reader, and wants a link that is there",
  betweenRouters(async (sandbox) => {
    const name = await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", ...east, "--wait", "ready"]);
    for (const noun of ["link", "site"]) {
      const watch = [noun, "status", "--watch", ...east];
      const once = await sandbox.succeed([...watch, "--timeout", "0"]);
      assert.match(once.stdout, /^\S+Z {2}\S+ {2}Ready.*\n$/);
      const closed = await sandbox.run("sh", ["-c", `hawser ${watch.join(" ")} >&-`]);
      assert.equal(closed.code, 1);
      assert.match(messages(closed), /^error: Cannot write standard output: it is closed\n/);
    }
    const none = await sandbox.hawser(["link", "status", "none", "--watch", ...east]);
    assert.equal(none.code, 6);
    assert.match(messages(none), /^error: Link "none" does not exist in namespace "east"\n/);

    const watch = `hawser link status --watch ${east.join(" ")}`;
    const read = sandbox.launch("bash", ["-c", `set -o pipefail; ${watch} | sed -u 1q`]);
    let isOver = false;
    read.ended.then(() => isOver = true);
    let cost = 1;
    await eventually(async () => {
      // it hears of it with the next line
      const args = ["link", "update", name, ...east, "--cost", String(++cost)];
      await sandbox.succeed(args);
      return isOver;
    });
    const { code, stdout, stderr } = await read.ended;
    assert.deepEqual([code, stdout.trim().split("\n").length], [0, 1], stderr);
  }),
);
