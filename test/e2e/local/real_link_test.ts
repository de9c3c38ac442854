import { test } from "node:test";
import { hasOpenssl } from "../../openssl.ts";
import { inSandbox } from "../stage/harness.ts";
import { proveLink } from "../stage/real_link.ts";

test(
  "a redeemed link authenticates to a server of the site, and a foreign one does not (needs openssl)",
  { skip: !hasOpenssl },
  inSandbox(proveLink),
);
