import { test } from "node:test";
import { inSandbox } from "../stage/harness.ts";
import { playScript } from "../stage/script.ts";

test(
  "the first link between two sites, from its sites to their end",
  inSandbox((sandbox) => playScript(sandbox)),
);

test(
  "the same as an ordinary user",
  inSandbox((sandbox) => playScript(sandbox), { ordinaryUser: true }),
);
