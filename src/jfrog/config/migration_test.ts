import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./file.ts";

const cases: [name: string, document: unknown, servers: unknown[]][] = [
  [
    "version 0, which has no version",
    {
      artifactory: { url: "http://a/", user: "Admin", password: "p" },
      MissionControl: { url: "http://mc/" },
    },
    [{
      artifactoryUrl: "http://a/",
      user: "admin",
      password: "p",
      missionControlUrl: "http://mc/",
      serverId: "Default-Server",
      isDefault: true,
    }],
  ],
  ["version 0 without a server", { MissionControl: { url: "http://mc/" } }, []],
  [
    "version 1, which spells it Version",
    { artifactory: [{ url: "http://a/", user: "ADMIN", serverId: "a" }], Version: "1" },
    [{ artifactoryUrl: "http://a/", user: "admin", serverId: "a" }],
  ],
  [
    "a list of servers without a version",
    { artifactory: [{ url: "http://a/", serverId: "a" }] },
    [{ artifactoryUrl: "http://a/", serverId: "a" }],
  ],
  [
    "version 2",
    { artifactory: [{ url: "http://a/", user: "ADMIN", serverId: "a" }], version: "2" },
    [{ artifactoryUrl: "http://a/", user: "admin", serverId: "a" }],
  ],
  [
    "version 4, where capitals stay and only the default server gets Mission Control",
    {
      artifactory: [
        { url: "http://a/", user: "Ann", serverId: "a" },
        { url: "http://b/", refreshToken: "r", serverId: "b", isDefault: true },
      ],
      missionControl: { Url: "http://mc/" },
      version: "4",
    },
    [
      { artifactoryUrl: "http://a/", user: "Ann", serverId: "a" },
      {
        artifactoryUrl: "http://b/",
        artifactoryRefreshToken: "r",
        missionControlUrl: "http://mc/",
        serverId: "b",
        isDefault: true,
      },
    ],
  ],
  [
    "version 5",
    { servers: [{ url: "http://p/", refreshtoken: "r", serverId: "a" }], version: "5" },
    [{ url: "http://p/", artifactoryRefreshToken: "r", serverId: "a" }],
  ],
  ["version 5 without servers", { servers: null, version: "5" }, []],
];

for (const [name, document, servers] of cases) {
  test(`parseConfig() reads ${name}`, () => {
    const found = parseConfig(JSON.stringify(document), "conf").servers;
    assert.deepEqual(JSON.parse(JSON.stringify(found)), servers);
  });
}

test("parseConfig() keeps what is unknown, and whether it is encrypted, through a migration", () => {
  const text = JSON.stringify({
    servers: [{ serverId: "a", apiKey: "k" }],
    version: "5",
    enc: true,
    later: 1,
  });
  const config = parseConfig(text, "conf");
  assert.deepEqual(config, {
    servers: [{ serverId: "a", apiKey: "k" }],
    isEncrypted: true,
    version: 5,
    others: { later: 1 },
  });
});
