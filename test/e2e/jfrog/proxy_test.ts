import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { startAccessApi } from "../../fakes/access_api.ts";
import { startConnectProxy, startSocksProxy, type TestProxy } from "../../fakes/proxies.ts";
import { inSandbox } from "../stage/harness.ts";

const password = "CanaryProxyPassword1";
const credentials = Buffer.from(`riker:${password}`).toString("base64");

const proxies: [name: string, start: () => Promise<TestProxy>, url: string, shown: string][] = [
  [
    "an http proxy",
    startConnectProxy,
    `http://riker:${password}@127.0.0.1`,
    ` Basic ${credentials}`,
  ],
  ["a SOCKS5 proxy", startSocksProxy, "socks5://127.0.0.1", ""],
];

for (const [name, start, url, shown] of proxies) {
  test(
    `a token is made through ${name}, which looks the server's name up`,
    inSandbox(async (sandbox) => {
      const [api, proxy] = [await startAccessApi({ hosts: ["acme.test"] }), await start()];
      try {
        sandbox.write("home/.jfrog/security/certs/ca.pem", api.ca);
        const token = api.tokens.make("admin").value;
        sandbox.secrets.push(token, password);
        const args = ["atc", "--url", api.url, "--access-token-stdin", "--verbose"];
        const options = {
          stdin: token,
          env: { HTTPS_PROXY: `${url}:${proxy.port}` },
          printsToken: true,
        };
        const { stdout, stderr } = await sandbox.succeed(args, options);
        assert.equal(JSON.parse(stdout).access_token, api.tokens.all.at(-1)!.value);
        assert.deepEqual(proxy.asked, [`acme.test:${new URL(api.url).port}${shown}`]);
        assert.match(
          stderr,
          new RegExp(`^detail: Through the proxy 127\\.0\\.0\\.1:${proxy.port}$`, "m"),
        );

        const env = { ...options.env, NO_PROXY: ".test" };
        assert.equal((await sandbox.hawser(args, { ...options, env })).code, 8);
        proxy.close();
        const refused = await sandbox.hawser([...args, "--timeout", "0"], options);
        assert.equal(refused.code, 8);
        assert.equal(api.calls.length, 1);
      } finally {
        proxy.close();
        await api.close();
      }
    }),
  );
}
