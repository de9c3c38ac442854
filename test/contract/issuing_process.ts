/**
 * Opens an issuing authority as another process, a month after `since` (milliseconds since 1970):
 * `issuing_process.ts <file> <since> <certificate> <key>`; the file's folder is there.
 */
import * as fs from "node:fs";
import process from "node:process";
import { issuingFile } from "../../platforms/resource_files/serving/issuing_file.ts";
import { issuingKeyLifeMs, openIssuing } from "../../src/grant_service/issuing_authority.ts";
import { loadAuthority } from "../../src/pki/authority.ts";

const [file, since, certificate, key] = process.argv.slice(2);
const above = await loadAuthority(
  fs.readFileSync(certificate!, "utf8"),
  fs.readFileSync(key!, "utf8"),
);
const store = issuingFile(file!, () => Promise.resolve());
await openIssuing(above, store, () => Number(since) + issuingKeyLifeMs);
