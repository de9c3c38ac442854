import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { startAccessApi } from "../../test/fakes/access_api.ts";

/** The stand-in for the Access API as a process of its own: it says its url and a token. */
const home = process.argv[2]!;
const api = await startAccessApi();
fs.mkdirSync(path.join(home, "security", "certs"), { recursive: true });
fs.writeFileSync(path.join(home, "security", "certs", "ca.pem"), api.ca);
console.log(`${api.url}\n${api.tokens.make("admin").value}\n`);
