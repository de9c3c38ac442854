import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { eventually } from "../stage/eventually.ts";
import { makeGrantAnswer, renderGrantAnswer } from "../stage/grant_answer.ts";
import { inSandbox, type Sandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { issueToken, listGrants, prepareSites, redemptionFiles } from "../stage/sites.ts";
import { type StandInServer, standInToken, startStandInServer } from "../stage/stand_in_server.ts";

/** A grant service that has something happen between a request and its good answer. */
async function withServiceThat(
  happens: () => Promise<unknown>,
  body: (service: StandInServer) => Promise<void>,
): Promise<void> {
  const service = await startStandInServer(async (request, response) => {
    if (request.method === "POST") await happens();
    response.end(renderGrantAnswer(await makeGrantAnswer(request)));
  });
  try {
    await body(service);
  } finally {
    await service.close();
  }
}

function traceOf(sandbox: Sandbox, namespace: string): string[] {
  return [path.join("namespaces", namespace), path.join("hawser", namespace)]
    .filter((folder) => fs.existsSync(path.join(sandbox.dataHome, folder)));
}

const gone = 'error: Secret "t" is not stored: site "east", which it was made for, is gone ' +
  'from namespace "east"';

for (const isMadeAnew of [false, true]) {
  test(
    `a redemption whose site is deleted${isMadeAnew ? " and made anew" : ""} stores nothing`,
    inSandbox(async (sandbox) => {
      const create = () => sandbox.succeed(["site", "create", "east", "-n", "east"]);
      const remove = () => sandbox.succeed(["site", "delete", "east", "-n", "east", "--all"]);
      await create();
      const happens = async () => {
        await remove();
        if (isMadeAnew) await create();
      };
      await withServiceThat(happens, async (service) => {
        sandbox.write("t.yaml", standInToken(service, "t"));
        const redeemed = await sandbox.hawser(["token", "redeem", "t.yaml", "-n", "east"]);
        assertRefused(redeemed, 7, gone, "hint: hawser site status -n east");
        assert.deepEqual(redemptionFiles(sandbox, "east"), []);
        if (isMadeAnew) await remove();
        assert.deepEqual(traceOf(sandbox, "east"), []);
      });
      const again = await remove().catch((error) => error);
      assert.match(String(again.stdout), /^There is no site in namespace "east" any more/);
    }),
  );
}

test(
  "a token that a controller redeems while its site is deleted leaves nothing",
  inSandbox(async (sandbox) => {
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    const remove = () => sandbox.succeed(["site", "delete", "--all", "-n", "east"]);
    let asked = 0;
    await withServiceThat(
      async () => await (asked++ === 0 ? remove() : undefined),
      async (service) => {
        const input = path.join("data/namespaces/east/input/resources/t.yaml");
        sandbox.write(input, standInToken(service, "t"));
        await sandbox.startController();
        await eventually(() => asked > 0 && traceOf(sandbox, "east").length === 0);
        await sandbox.succeed(["site", "create", "east", "-n", "east"]);
        assert.deepEqual(redemptionFiles(sandbox, "east"), []);
        await sandbox.succeed(["site", "delete", "--all", "-n", "east"]);
        assert.deepEqual(traceOf(sandbox, "east"), []);
      },
    );
  }),
);

test(
  "site delete --all beside redemptions and grants leaves nothing, whichever comes first",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox);
    for (let round = 0; round < 8; round++) {
      await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
      await sandbox.succeed(["site", "create", "east", "-n", "east"]);
      const redeeming = sandbox.hawser(["token", "redeem", "t.yaml", "-n", "east"]);
      await new Promise((resolve) => setTimeout(resolve, round * 20));
      await sandbox.succeed(["site", "delete", "--all", "-n", "east"]);
      const { code, stderr } = await redeeming;
      assert.ok([0, 3, 7].includes(code!), stderr);
      assert.deepEqual(traceOf(sandbox, "east"), [], `round ${round}: ${code} ${stderr}`);
    }
    // the issuing site goes while its grants are redeemed
    await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "9");
    await sandbox.succeed(["site", "create", "east", "-n", "east"]);
    const redeeming = [1, 2, 3].map(() =>
      sandbox.hawser(["token", "redeem", "t.yaml", "-n", "east", "--timeout", "5s"])
    );
    await sandbox.succeed(["site", "delete", "--all", "-n", "west"]);
    await Promise.all(redeeming);
    await eventually(() => traceOf(sandbox, "west").length === 0);
  }),
);

test(
  "site delete --all takes what is left of a site that is gone",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    await sandbox.succeed(["token", "redeem", "t.yaml", "-n", "east"]);
    const resources = path.join(sandbox.dataHome, "namespaces/east/input/resources");
    fs.rmSync(path.join(resources, "Site-east.yaml"));
    for (const file of fs.readdirSync(resources)) {
      if (file.startsWith("Link-")) fs.rmSync(path.join(resources, file));
    }
    const { stdout } = await sandbox.succeed(["site", "delete", "--all", "-n", "east"]);
    assert.equal(
      stdout,
      'There is no site in namespace "east" any more, and nothing that belonged to it.\n',
    );
    assert.deepEqual(traceOf(sandbox, "east"), []);
    const json = await sandbox.succeed(["site", "delete", "--all", "-n", "east", "-o", "json"]);
    assert.deepEqual(JSON.parse(json.stdout), { deleted: null, platform: "linux" });
    assert.equal((await sandbox.hawser(["site", "delete", "-n", "east"])).code, 3);
  }),
);

test(
  "a token with a name of 253 letters is stored under a name that fits",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east", "north");
    const grant = await issueToken(sandbox, "t.yaml", "--redemptions-allowed", "2");
    const long = `${"a".repeat(63)}.`.repeat(4).slice(0, 253);
    const text = sandbox.read("t.yaml").replace(/^ {2}name: .*$/m, `  name: ${long}`);
    sandbox.write("long.yaml", text);
    const redeem = ["token", "redeem", "long.yaml", "-n", "east", "-o", "json"];
    const { token, secret, links } = JSON.parse((await sandbox.succeed(redeem)).stdout);
    assert.equal(token, long);
    assert.deepEqual(links, [secret]);
    assert.deepEqual(redemptionFiles(sandbox, "east"), [
      `Link-${secret}.yaml`,
      `Secret-${secret}.yaml`,
    ]);
    // so long that neither upstream's files nor its folders become longer than a name may be
    assert.ok(`${secret}-profile`.length <= 255 && `Secret-${secret}-16.yaml`.length <= 255);
    assert.equal((await sandbox.hawser(redeem)).code, 7);
    await sandbox.succeed(["link", "status", secret, "-n", "east"]);
    await sandbox.succeed(["link", "delete", secret, "-n", "east"]);

    sandbox.write("data/namespaces/north/input/resources/t.yaml", text);
    await eventually(() => redemptionFiles(sandbox, "north").length === 2);
    await eventually(() =>
      !fs.existsSync(path.join(sandbox.dataHome, "namespaces/north/input/resources/t.yaml"))
    );
    await eventually(async () =>
      (await listGrants(sandbox)).some(({ name, redemptions }) =>
        name === grant && redemptions === 2
      )
    );
  }),
);

test(
  "what can't be stored is known before a use is spent, and told how to go on after",
  inSandbox(async (sandbox) => {
    await prepareSites(sandbox, "east");
    await issueToken(sandbox, "t.yaml");
    const redeem = ["token", "redeem", "t.yaml", "-n", "east"];
    const link = path.join(sandbox.dataHome, "namespaces/east/input/resources/Link-");
    const name = /^ {2}name: (.*)$/m.exec(sandbox.read("t.yaml"))![1]!;
    // a folder in the place of the Link's file: whoever writes the Secret alone does not see it
    fs.mkdirSync(`${link}${name}.yaml`);
    assertRefused(
      await sandbox.hawser(redeem),
      1,
      `error: Cannot write ${link}${name}.yaml: it is a folder`,
    );
    assert.equal((await listGrants(sandbox))[0]!.redemptions, 0);
    fs.rmdirSync(`${link}${name}.yaml`);

    // the disk refuses to give the first file its name, which only the storing does
    const executable = path.join(sandbox.folder, "bin/hawser");
    const trace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2"];
    const inject = ["-e", "inject=rename,renameat,renameat2:error=ENOSPC"];
    const failed = await sandbox.run("strace", [...trace, ...inject, executable, ...redeem]);
    assertRefused(
      failed,
      1,
      `error: Token "${name}" is redeemed, but what it gave is not stored: ` +
        `Cannot write ${path.join(path.dirname(link), `Secret-${name}.yaml`)}: the disk is full`,
      "hint: Its key is kept. Once that is mended, the same command goes on, and spends no other use.",
      `hint: To go on from here: hawser ${redeem.join(" ")}`,
    );
    await eventually(async () => (await listGrants(sandbox))[0]!.redemptions === 1);
    // the grant has no other use
    await sandbox.succeed(redeem);
  }),
);
