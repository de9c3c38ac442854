import { test } from "node:test";
import { hasOpenssl } from "../../openssl.ts";
import { inSandbox } from "../stage/harness.ts";
import { proveLink, proveSuppliedCertificate } from "../stage/real_link.ts";

test(
  "a redeemed link authenticates to a server of the site, and a foreign one does not (needs openssl)",
  { skip: !hasOpenssl },
  inSandbox(proveLink),
);

test(
  "a redeemed link trusts a server certificate that the site's user put there (needs openssl)",
  { skip: !hasOpenssl },
  inSandbox(proveSuppliedCertificate),
);
