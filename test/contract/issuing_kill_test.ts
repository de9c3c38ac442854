import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { issuingFile } from "../../platforms/resource_files/serving/issuing_file.ts";
import { issuingKeyLifeMs, openIssuing } from "../../src/grant_service/issuing_authority.ts";
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts";
import { isSignedBy } from "../../src/pki/certificate.ts";

const hasStrace = spawnSync("strace", ["-V"]).status === 0;
const since = Date.parse("2026-11-28T00:00:00Z");

/** The steps of making a key that last, and what is stored if none after it is done. */
const steps: [before: string, calls: string, ofFolder: boolean, left: "the old" | "the new"][] = [
  ["its bytes are on the disk", "fsync,fdatasync", false, "the old"],
  ["it has its name", "rename,renameat,renameat2", false, "the old"],
  ["its name is on the disk", "fsync,fdatasync", true, "the new"],
];

for (const [before, calls, ofFolder, left] of steps) {
  test(
    `killed before ${before}, who makes an issuing key leaves ${left} one (needs strace)`,
    { skip: !hasStrace },
    async () => {
      const home = fs.mkdtempSync(path.join(os.tmpdir(), "hawser-issuing-"));
      const made = await createAuthority("site", { pathLength: 1 });
      const above = await loadAuthority(made.certificatePem, made.privateKeyPem);
      const [certificate, key] = [path.join(home, "tls.crt"), path.join(home, "tls.key")];
      fs.writeFileSync(certificate, made.certificatePem);
      fs.writeFileSync(key, made.privateKeyPem, { mode: 0o600 });
      const folder = path.join(home, "issuing");
      const file = path.join(folder, "site.json");
      const store = issuingFile(file, () => Promise.resolve());
      const open = (now: number) => openIssuing(above, store, () => now);
      fs.mkdirSync(folder, { mode: 0o700 });
      try {
        await open(since);
        const old = fs.readFileSync(file, "utf8");
        const kill = [
          ...(ofFolder ? ["-P", folder] : []),
          ...["-e", `trace=${calls}`, "-e", `inject=${calls}:signal=KILL:when=1`],
        ];
        const ended = makeUnder(kill, [file, String(since), certificate, key]);
        assert.ok(ended.signal === "SIGKILL" || ended.status === 137, ended.stderr);
        const found = fs.readFileSync(file, "utf8");
        assert.equal(found === old ? "the old" : "the new", left);

        const later = since + issuingKeyLifeMs;
        const next = await open(later);
        assert.ok(isSignedBy(next.certificatePem, above.certificatePem));
        assert.equal((await open(later)).certificatePem, next.certificatePem);
        if (left === "the new") {
          assert.equal(next.certificatePem, JSON.parse(found).certificatePem);
        }
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        for (const name of fs.readdirSync(folder)) {
          const text = fs.readFileSync(path.join(folder, name), "utf8");
          assert.ok(!text.includes(JSON.parse(old).madeAt), `${name} has the old key`);
        }
      } finally {
        fs.rmSync(home, { recursive: true, force: true });
      }
    },
  );
}

/** Has another process open the authority a month later, under strace with those options. */
function makeUnder(options: string[], words: string[]) {
  const run = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
  const script = path.join(import.meta.dirname!, "issuing_process.ts");
  const trace = ["-f", "-qq", "-o", "/dev/null", ...options];
  return spawnSync("strace", [...trace, process.execPath, ...run, script, ...words], {
    encoding: "utf8",
  });
}
