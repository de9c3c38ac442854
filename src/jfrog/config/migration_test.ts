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

for (const version of [undefined, "0", "1", "2", "3", "4", "5", "6", 3]) {
  for (const list of ["servers", "artifactory"]) {
    test(`version ${version} loses nothing of a list under ${list}, known or not`, () => {
      const isNewer = version === undefined ? list === "servers" : Number(version) >= 5;
      if (list === "artifactory" && isNewer) return; // not a list of that version, but kept: below
      const mine = {
        serverId: "a",
        url: "https://a.example/",
        accessToken: "x",
        isDefault: true,
        ofAnother: { deep: [1] },
      };
      const document = {
        [list]: [mine, { serverId: "b", url: "https://b.example/", artifactoryUrl: "https://c/" }],
        missionControl: { url: "https://mc/", ofAnother: 2 },
        ofAnother: "3",
        ...(version === undefined ? {} : { version }),
      };
      const { servers, others } = parseConfig(JSON.stringify(document), "f");
      const { url, ...rest } = mine;
      const isOld = list === "artifactory" || Number(version) < 5;
      assert.deepEqual(servers[0], {
        ...rest,
        ...(list === "artifactory" ? { artifactoryUrl: url } : { url }),
        ...(isOld ? { missionControlUrl: "https://mc/" } : {}),
      });
      assert.equal(servers.length, 2);
      assert.equal(servers[1]!.artifactoryUrl, "https://c/");
      assert.equal(servers[1]!.url, "https://b.example/");
      assert.deepEqual(others, {
        missionControl: { ...(isOld ? {} : { url: "https://mc/" }), ofAnother: 2 },
        ofAnother: "3",
      });
    });
  }
}

test("both lists are taken where a file has both, and both refresh tokens of a server", () => {
  const tokens = { refreshToken: "r", artifactoryRefreshToken: "s" };
  const text = JSON.stringify({
    servers: [{ serverId: "a", ...tokens }],
    artifactory: [{ serverId: "b", url: "https://b.example/artifactory/" }],
    version: "4",
  });
  assert.deepEqual(parseConfig(text, "f").servers, [
    { serverId: "a", ...tokens },
    { serverId: "b", artifactoryUrl: "https://b.example/artifactory/" },
  ]);
});

test("what a version does not know by that name stays where it stood", () => {
  const strange = [{ version: "5", artifactory: [{ url: "x" }], missionControl: {} }, {
    version: "0",
    missionControl: { url: "https://mc/" },
  }];
  for (const document of strange) {
    const { version: _, ...rest } = document;
    assert.deepEqual(parseConfig(JSON.stringify(document), "f").others, rest);
  }
});
