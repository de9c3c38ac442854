import assert from "node:assert/strict";
import { test } from "node:test";
import { shareSandbox } from "../stage/harness.ts";

const shared = shareSandbox(() => Promise.resolve());

/** The versions of Skupper's own program, whose help texts the tables are made from. */
const versions = ["2.0", "2.1", "2.2", "2.3-dev"];

/** A flag as it is typed, and the versions that have it; all, if none is named. */
type Flag = [flag: string, ...versions: string[]];

const everywhere: Flag[] = [
  ["--namespace west"],
  ["-n west"],
  ["--platform kubernetes"],
  ["-p kubernetes"],
  ["--context c"],
  ["-c c"],
  ["--kubeconfig /none"],
];
const site: Flag[] = [
  ["--enable-link-access"],
  ["--enable-link-access=false"],
  ["--enable-link-access --link-access-type route"],
  ["--enable-ha", "2.1", "2.2", "2.3-dev"],
  ["--service-account sa", "2.0"],
];
const siteRefused: Flag[] = [
  ["--bind-host 10.0.0.1", "2.0"],
  ["--subject-alternative-names a.example,b.example", "2.0"],
];
const change: Flag[] = [["--timeout 90s"], ["--wait none"], ["--wait configured"], [
  "--wait ready",
]];
const remove: Flag[] = [["--timeout 90s"], ["--wait"], ["--wait=false"], ["--wait=true"]];
const output: Flag[] = [["-o json"], ["--output yaml"], ["-o=json"]];

/** What each command takes; an update is given something to change. */
const taken: Record<string, Flag[]> = {
  "site create north": [...site, ...change],
  "site update --enable-link-access": [...site.slice(0, 1), ...site.slice(3), ...change],
  "site status": output,
  "site delete": [["--all"], ...remove],
  "site generate north": [...site, ...output],
  "link generate": [
    ["--cost 3"],
    ["--tls-credentials s"],
    ["--generate-credential"],
    ["--generate-credential=false --tls-credentials s"],
    ["--timeout 90s"],
    ...output,
  ],
  "link update l --cost 2": [["--tls-credentials s"], ...change],
  "link status": output,
  "link delete l": remove,
  "token issue t.yaml": [
    ["--redemptions-allowed 2"],
    ["-r 2", "2.0"],
    ["--expiration-window 20m"],
    ["-e 20m", "2.0"],
    ["--timeout 90s"],
    ["-t 90s", "2.0"],
    ["--cost 3"],
  ],
  "token redeem none.yaml": [["--timeout 90s"], ["-t 90s", "2.0"]],
  "version": output,
};

/** What is refused, with the reason and what to do instead. */
const refused: Record<string, Flag[]> = {
  "site create north": siteRefused,
  "site update --enable-link-access": siteRefused,
  "site generate north": siteRefused,
  "link generate": [
    ["--name skupper-router", "2.1", "2.2", "2.3-dev"],
    ["--host 10.0.0.1", "2.1", "2.2", "2.3-dev"],
  ],
};

/** There is no cluster: a command line that is right gets as far as that, or to its file. */
const env = { SKUPPER_PLATFORM: "kubernetes", KUBECONFIG: "/none" };

for (const [line, flags] of Object.entries(taken)) {
  test(
    `skupper ${line} takes the flags that it has in any version`,
    shared.use(async (sandbox) => {
      for (const [flag, ...named] of [...flags, ...everywhere]) {
        assert.ok(named.every((version) => versions.includes(version)), flag);
        const args = [...line.split(" "), ...flag.split(" ")];
        const { code, stderr } = await sandbox.hawser(args, { env, calledAs: "skupper" });
        const offline = line === "version" || line.startsWith("site generate");
        const wanted = offline ? 0 : line.startsWith("token redeem") ? 6 : 3;
        const isNamed = flag.startsWith("--kubeconfig"); // a file that is not there
        assert.equal(
          code,
          isNamed && !offline ? 6 : wanted,
          `skupper ${args.join(" ")}: ${stderr}`,
        );
      }
    }),
  );
}

for (const [line, flags] of Object.entries(refused)) {
  test(
    `skupper ${line} refuses other flags of upstream's with a reason and a remedy`,
    shared.use(async (sandbox) => {
      for (const [flag] of flags) {
        const args = [...line.split(" "), ...flag.split(" ")];
        const { code, stderr } = await sandbox.hawser(args, { env, calledAs: "skupper" });
        const [name] = flag.split(" ");
        assert.equal(code, 2, stderr);
        assert.match(
          stderr,
          new RegExp(`^error: Option ${name} is not supported: .+\nhint: .+\n$`),
        );
      }
    }),
  );
}

test(
  "what only Kubernetes does is refused elsewhere",
  shared.use(async (sandbox) => {
    for (
      const flag of [
        "--enable-ha",
        "--enable-link-access --link-access-type loadbalancer",
        "--service-account sa",
        "-c prod",
      ]
    ) {
      const args = ["site", "create", "north", ...flag.split(" ")];
      const { code, stderr } = await sandbox.hawser(args, { calledAs: "skupper" });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /is an option of platform "kubernetes"/);
    }
  }),
);

test("what was printed and left behind holds no secret", shared.end);
