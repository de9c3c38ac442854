import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import type { Message } from "rhea";
import {
  openRouter,
  RouterNotOpened,
} from "../../platforms/resource_files/router/open_router.ts";
import { isAppError } from "../../src/errors/app_error.ts";
import { createAuthority } from "../../src/pki/authority.ts";
import { createKeyPair } from "../../src/pki/key_pair.ts";
import { RouterManagement } from "../../src/router/management.ts";
import { speakAmqp } from "../fakes/router/amqp_peer.ts";

const authority = await createAuthority("local", { keyType: "ec" });
const server = await certificateFor("router");
const client = await certificateFor("client");

async function certificateFor(name: string) {
  const { privateKeyPem, publicKey } = await createKeyPair("ec");
  return { cert: await authority.issue(name, publicKey), key: privateKeyPem };
}
