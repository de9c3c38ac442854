import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import * as tls from "node:tls";
import { loadAuthority } from "../src/pki/authority.ts";
import { createKeyPair } from "../src/pki/key_pair.ts";
import { parseArgs } from "node:util";
import { buildHere } from "./build.ts";
import { demoPictures, writePictures } from "./pictures/mod.ts";

/** `--record FOLDER` draws the terminal there, `--executable FILE` builds none. */
const { values: options } = parseArgs({
  options: { record: { type: "string" }, executable: { type: "string" } },
});

const home = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-demo-"));
const env = {
  ...process.env,
  HAWSER_DATA_HOME: home,
  SKUPPER_PLATFORM: "linux",
  SYSTEMD_OFFLINE: "1", // nothing of the demo is to stay on the machine
  CI: "1",
};
let hawser = "hawser";

/** What a terminal shows in the end, without what is told while something is awaited. */
let transcript = "";

function say(text: string) {
  print(`\n# ${text}\n`);
}

function print(text: string) {
  transcript += text;
  process.stdout.write(text);
}

/** Runs hawser as a user would, shows it, and ends the demo if the exit code is another. */
async function run(args: string[], wanted = 0): Promise<string> {
  print(`$ hawser ${args.join(" ")}\n`);
  const child = spawn(hawser, args, { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    process.stdout.write(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    process.stderr.write(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  transcript += stdout + stderr.replaceAll(/^(?!error|hint|done|warning).*\n/gm, "");
  if (wanted !== 0) print(`(exit code ${code})\n`);
  if (code !== wanted) throw new Error(`hawser ${args[0]} ended with ${code}, not ${wanted}`);
  return stdout;
}

/**
 * What a router of the site would be to a link: a TLS server that demands a certificate of the
 * site.
 */
async function listenAsRouter(namespace: string): Promise<() => Promise<void>> {
  const issuer = path.join(home, "namespaces", namespace, "input/issuers/skupper-site-ca");
  const ca = fs.readFileSync(path.join(issuer, "tls.crt"), "utf8");
  const authority = await loadAuthority(ca, fs.readFileSync(path.join(issuer, "tls.key"), "utf8"));
  const keys = await createKeyPair();
  const { certificatePem } = await authority.signServer({
    commonName: "127.0.0.1",
    hosts: ["127.0.0.1"],
    publicKey: keys.publicKey,
    lifetimeMs: 3_600_000,
  });
  const site = JSON.parse(
    spawnSync(hawser, ["site", "status", "-n", namespace, "-o", "json"], { env }).stdout.toString(),
  );
  const servers = site.status.endpoints.map((endpoint: { port: string }) =>
    tls.createServer({
      ca,
      cert: certificatePem,
      key: keys.privateKeyPem,
      requestCert: true,
      rejectUnauthorized: true,
    }, (socket) => {
      process.stdout.write(
        `  (the listener on port ${endpoint.port} accepted ${socket.getPeerCertificate().subject?.CN})\n`,
      );
      socket.on("error", () => {});
      // a router answers the header that opens SASL with the same one (AMQP 1.0, 5.3.1)
      socket.once("data", (header) => socket.end(header));
    }).listen(Number(endpoint.port), "127.0.0.1")
  );
  await Promise.all(
    servers.map((server: tls.Server) => new Promise((resolve) => server.on("listening", resolve))),
  );
  return () =>
    Promise.all(servers.map((server: tls.Server) => new Promise((end) => server.close(end))))
      .then(() => undefined);
}

async function demo() {
  say("Two sites on this machine, in a temporary data home: west accepts links, east does not.");
  await run([
    "site",
    "create",
    "west",
    "-n",
    "west",
    "--enable-link-access",
    "--link-host",
    "127.0.0.1",
  ]);
  await run(["site", "create", "east", "-n", "east"]);

  say("One controller serves every namespace of the data home: it redeems the tokens.");
  await run(["controller", "start"]);
  await run(["site", "status", "-n", "west"]);

  say("West issues a token that can be redeemed once, within 15 minutes.");
  await run(["token", "issue", "west.yaml", "-n", "west"]);
  await run(["token", "inspect", "west.yaml"]);

  say("East redeems it: now it has a link to west, and a certificate of its own that west signed.");
  await run(["token", "redeem", "west.yaml", "-n", "east", "--link-cost", "5"]);
  await run(["link", "status", "-n", "east"]);

  say("The link is real: a listener with west's server certificate takes east's credentials.");
  const close = await listenAsRouter("west");
  await run(["link", "check", "-n", "east"]);
  await close();

  say("A token is never spent twice: a third site is refused, and told why.");
  await run(["site", "create", "other", "-n", "other"]);
  await run(["token", "redeem", "west.yaml", "-n", "other"], 5);

  say("Cleaning up.");
  await run(["controller", "stop"]);
  await run(["site", "delete", "west", "-n", "west", "--all"]);
}

/** Draws the terminal; of this machine it names nothing. */
function record(folder: string) {
  writePictures(demoPictures(transcript.replaceAll(home, "/tmp/hawser-demo")), folder);
}

function cleanUp() {
  spawnSync(hawser, ["controller", "stop"], { env, stdio: "ignore" });
  fs.rmSync(home, { recursive: true, force: true });
}

if (options.executable === undefined) console.log("Building dist/hawser …");
hawser = options.executable === undefined ? buildHere() : path.resolve(options.executable);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });
}
try {
  await demo();
  print("\n# That was it: two sites, one token, one link.\n");
  if (options.record !== undefined) record(options.record);
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  cleanUp();
}
