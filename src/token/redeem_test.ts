import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  answer,
  type Behaviour,
  type FakeGrantService,
  respond,
  startGrantService,
} from "../../test/fakes/grant_service.ts";
import { appError, isAppError } from "../errors/app_error.ts";
import type { ErrorCode } from "../errors/catalog.ts";
import { writeLinkBundle } from "../grant_service/link_bundle.ts";
import { createAuthority, loadAuthority } from "../pki/authority.ts";
import { isKeyOfCertificate } from "../pki/certificate.ts";
import { createKeyPair } from "../pki/key_pair.ts";
import { readRequest } from "../pki/request.ts";
import type { PendingKeys } from "../platform/abilities.ts";
import { memoryPlatform } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { apiVersion, type Endpoint } from "../resources/resource.ts";
import { secretText } from "../resources/secret.ts";
import type { Site } from "../resources/site.ts";
import { startDeadline } from "../wait/deadline.ts";
import { type RedeemedToken, type RedeemOptions, redeemToken } from "./redeem.ts";
import type { UsableToken } from "./token_file.ts";

const never = new AbortController().signal;
const name = "west-6bfn6";
const made = await createAuthority("skupper-site-ca");
const authority = await loadAuthority(made.certificatePem, made.privateKeyPem);
const endpoints: Endpoint[] = [
  { name: "inter-router", host: "10.0.0.1", port: "55671" },
  { name: "edge", host: "10.0.0.1", port: "45671" },
];
const groups = endpoints.map((endpoint, index) => ({ ...endpoint, group: `router-${index}` }));

/** Signs what it is sent, as our own service does. */
function honest(addresses = endpoints, asked = name): Behaviour {
  return async (request, socket) => {
    const csr = Uint8Array.from(Buffer.from(request.headers["csr"] ?? "", "base64"));
    const { publicKey } = await readRequest(csr);
    const commonName = request.headers["subject"] ?? "";
    const lifetimeMs = 3_600_000;
    const { certificatePem } = await authority.signClient({ commonName, publicKey, lifetimeMs });
    const caPem = made.certificatePem;
    respond(
      socket,
      200,
      writeLinkBundle({ name: asked, certificatePem, caPem, endpoints: addresses }),
    );
  };
}

/** Sends a key and certificate of its own, as upstream's service does. */
const upstream: Behaviour = async (_request, socket) => {
  const { publicKey, privateKeyPem } = await createKeyPair();
  const request = { commonName: "x", publicKey, lifetimeMs: 3_600_000 };
  const { certificatePem } = await authority.signClient(request);
  const caPem = made.certificatePem;
  respond(socket, 200, writeLinkBundle({ name, certificatePem, privateKeyPem, caPem, endpoints }));
};

/** Keeps keys as long as the test lasts, through crashes of what is tested. */
function keepKeys(): PendingKeys & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    async obtain(redemption, make) {
      const key = kept.get(redemption) ?? await make();
      kept.set(redemption, key);
      return key;
    },
    forget(redemption) {
      kept.delete(redemption);
      return Promise.resolve();
    },
  };
}

async function eastSite(): Promise<Platform> {
  const platform = memoryPlatform("east");
  await platform.apply<"Site">(newSite(), never);
  return platform;
}

function newSite(): Site {
  return { apiVersion, kind: "Site", metadata: { name: "east" } };
}

async function redeem(
  platform: Platform,
  token: UsableToken,
  options: Partial<RedeemOptions> = {},
): Promise<RedeemedToken> {
  const deadline = startDeadline(60_000, never);
  try {
    const all = { deadline, pendingKeys: keepKeys(), env: {}, ...options };
    return await redeemToken(platform, token, all, () => {});
  } finally {
    deadline.end();
  }
}

function withService(
  what: string,
  behave: Behaviour,
  body: (service: FakeGrantService) => Promise<void>,
) {
  test(`redeemToken() ${what}`, async () => {
    const service = await startGrantService(behave);
    try {
      await body(service);
    } finally {
      await service.close();
    }
  });
}

function rejectsWith(code: ErrorCode, message = /./) {
  return (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, message);
    return true;
  };
}

async function assertNothingStored(platform: Platform): Promise<void> {
  assert.deepEqual(await platform.list("Secret", never), []);
  assert.deepEqual(await platform.list("Link", never), []);
}

withService("stores the Secret and the Link, for a key of its own", honest(), async (service) => {
  const platform = await eastSite();
  const pendingKeys = keepKeys();
  const redeemed = await redeem(platform, service.token, { pendingKeys });
  assert.deepEqual(redeemed, { token: name, site: "east", secret: name, links: [name] });

  const secret = (await platform.get("Secret", name, never))!;
  assert.equal(secret.type, "kubernetes.io/tls");
  assert.deepEqual(Object.keys(secret.data!).toSorted(), ["ca.crt", "tls.crt", "tls.key"]);
  assert.ok(isKeyOfCertificate(secretText(secret, "tls.crt")!, secretText(secret, "tls.key")!));
  const link = (await platform.get("Link", name, never))!;
  assert.deepEqual(link.spec, { endpoints, tlsCredentials: name });
  for (const { metadata } of [secret, link]) {
    assert.match(metadata.annotations!["hawser/token"]!, /^[0-9a-f]{32}$/);
  }
  assert.equal(pendingKeys.kept.size, 0);
  const [site] = await platform.list("Site", never);
  assert.equal(service.requests[0]!.headers["subject"], site!.metadata.uid);
});

withService("takes the key of upstream's service", upstream, async (service) => {
  const platform = await eastSite();
  await redeem(platform, service.token);
  const secret = (await platform.get("Secret", name, never))!;
  assert.ok(isKeyOfCertificate(secretText(secret, "tls.crt")!, secretText(secret, "tls.key")!));
});

withService("prefers the cost asked for to the token's", honest(), async (service) => {
  const costly = { ...service.token, spec: { ...service.token.spec, linkCost: 5 } };
  for (const [options, cost] of [[{}, 5], [{ linkCost: 9 }, 9]] as const) {
    const platform = await eastSite();
    await redeem(platform, costly, options);
    assert.equal((await platform.get("Link", name, never))!.spec!.cost, cost);
  }
});

withService("stores several Links, the first one last", honest(groups), async (service) => {
  const platform = await eastSite();
  const order: string[] = [];
  const watched: Platform = {
    ...platform,
    apply(resource, signal, options) {
      if (!options?.dryRun) order.push(`${resource.kind} ${resource.metadata.name}`);
      return platform.apply(resource, signal, options);
    },
  };
  const { links } = await redeem(watched, service.token);
  assert.deepEqual(links, [`${name}-1`, `${name}-2`]);
  assert.deepEqual(order, [`Secret ${name}`, `Link ${name}-2`, `Link ${name}-1`]);
  await assert.rejects(redeem(platform, service.token), rejectsWith("already-redeemed"));
});

withService(
  "spends nothing on a token that is redeemed here already",
  honest(),
  async (service) => {
    const platform = await eastSite();
    const pendingKeys = keepKeys();
    await redeem(platform, service.token);
    await assert.rejects(
      redeem(platform, service.token, { pendingKeys }),
      rejectsWith("already-redeemed", /in namespace "east"/),
    );
    assert.equal(service.requests.length, 1);
    assert.equal(pendingKeys.kept.size, 0);
  },
);

for (const kind of ["Secret", "Link"] as const) {
  withService(`overwrites no ${kind} of the same name`, honest(), async (service) => {
    const platform = await eastSite();
    const metadata = { name, annotations: { "hawser/token": "another token's" } };
    const foreign = kind === "Secret"
      ? await platform.apply<"Secret">({ apiVersion: "v1", kind, metadata }, never)
      : await platform.apply<"Link">({ apiVersion, kind, metadata }, never);
    await assert.rejects(
      redeem(platform, service.token),
      rejectsWith("name-taken", new RegExp(`^${kind} "${name}"`)),
    );
    assert.equal(service.requests.length, 0);
    assert.deepEqual(await platform.get(kind, name, never), foreign);
  });
}

withService(
  "goes on after a crash at any write, with the same key",
  honest(groups),
  async (service) => {
    for (let survived = 0; survived < 3; survived++) {
      const platform = await eastSite();
      const pendingKeys = keepKeys();
      let writes = 0;
      const crashing: Platform = {
        ...platform,
        apply(resource, signal, options) {
          if (!options?.dryRun && writes++ === survived) throw new Error("killed");
          return platform.apply(resource, signal, options);
        },
      };
      const before = service.requests.length;
      await assert.rejects(redeem(crashing, service.token, { pendingKeys }), /killed/);
      assert.equal(pendingKeys.kept.size, 1);
      const { links } = await redeem(platform, service.token, { pendingKeys });
      assert.deepEqual((await platform.list("Link", never)).map((l) => l.metadata.name), links);
      assert.equal(pendingKeys.kept.size, 0);
      const keys = await Promise.all(
        service.requests.slice(before).map(({ headers }) =>
          readRequest(Uint8Array.from(Buffer.from(headers["csr"]!, "base64")))
        ),
      );
      assert.equal(keys.length, 2);
      assert.equal(new Set(keys.map(({ keyHash }) => keyHash)).size, 1);
    }
  },
);

withService("spends no use where nothing can be stored", honest(), async (service) => {
  const platform = await eastSite();
  const full: Platform = {
    ...platform,
    apply(resource, signal, options) {
      if (resource.kind !== "Link") return platform.apply(resource, signal, options);
      throw appError("not-writable", { path: "Link", why: "the disk is full" });
    },
  };
  const pendingKeys = keepKeys();
  const redeeming = redeem(full, service.token, { pendingKeys });
  await assert.rejects(redeeming, rejectsWith("not-writable"));
  assert.equal(service.requests.length, 0);
  await assertNothingStored(platform);
  await redeem(platform, service.token, { pendingKeys });
});

withService("says how to go on where storing fails after all", honest(), async (service) => {
  const platform = await eastSite();
  const full: Platform = {
    ...platform,
    apply(resource, signal, options) {
      if (options?.dryRun) return platform.apply(resource, signal, options);
      throw appError("not-writable", { path: "Secret", why: "the disk is full" });
    },
  };
  const pendingKeys = keepKeys();
  await assert.rejects(
    redeem(full, service.token, { pendingKeys }),
    rejectsWith("token-not-stored", /is redeemed, but what it gave is not stored: Cannot write/),
  );
  assert.equal(pendingKeys.kept.size, 1);
  await redeem(platform, service.token, { pendingKeys });
  assert.equal(service.requests.length, 2);
  const asked = await Promise.all(
    service.requests.map(({ headers }) =>
      readRequest(Uint8Array.from(Buffer.from(headers["csr"]!, "base64")))
    ),
  );
  assert.equal(new Set(asked.map(({ keyHash }) => keyHash)).size, 1);
});

for (const isReplaced of [false, true]) {
  const what = isReplaced ? "is another one meanwhile" : "goes meanwhile";
  const platform = memoryPlatform("east");
  const behave: Behaviour = async (request, socket) => {
    await platform.remove("Site", "east", never);
    if (isReplaced) await platform.apply<"Site">(newSite(), never);
    await honest(groups)(request, socket);
  };
  withService(`stores nothing for a site that ${what}`, behave, async (service) => {
    await platform.apply<"Site">(newSite(), never);
    const pendingKeys = keepKeys();
    const redeeming = redeem(platform, service.token, { pendingKeys });
    await assert.rejects(
      redeeming,
      rejectsWith("site-gone", /Secret .* is not stored: site "east"/),
    );
    await assertNothingStored(platform);
    assert.equal(pendingKeys.kept.size, 1);
  });
}

withService(
  "takes back the Secret where the site goes before the Link",
  honest(),
  async (service) => {
    const platform = await eastSite();
    const leaving: Platform = {
      ...platform,
      async apply(resource, signal, options) {
        const isLink = resource.kind === "Link" && !options?.dryRun;
        if (isLink) await platform.remove("Site", "east", signal);
        return await platform.apply(resource, signal, options);
      },
    };
    await assert.rejects(redeem(leaving, service.token), rejectsWith("site-gone", /^Link /));
    await assertNothingStored(platform);
  },
);

withService(
  "tells of a site that is gone where nothing may be taken back",
  honest(),
  async (service) => {
    const platform = await eastSite();
    const forbidding: Platform = {
      ...platform,
      async apply(resource, signal, options) {
        const isLink = resource.kind === "Link" && !options?.dryRun;
        if (isLink) await platform.remove("Site", "east", signal);
        return await platform.apply(resource, signal, options);
      },
      remove: (kind) => {
        const data = { verb: "delete", resource: kind, namespace: "east", user: "controller" };
        return Promise.reject(appError("forbidden", data));
      },
    };
    await assert.rejects(redeem(forbidding, service.token), rejectsWith("site-gone", /^Link /));
  },
);

const long = `${"a".repeat(63)}.`.repeat(4).slice(0, 253);
const longName = `${long.slice(0, 223)}-`;

withService(
  "stores what a token of 253 letters gives under a name that fits",
  (request, socket) => honest(groups, request.headers["name"])(request, socket),
  async (service) => {
    const platform = await eastSite();
    const token = { ...service.token, metadata: { ...service.token.metadata, name: long } };
    const redeemed = await redeem(platform, token);
    assert.equal(redeemed.token, long);
    assert.ok(redeemed.secret.startsWith(longName), redeemed.secret);
    assert.equal(redeemed.secret.length, 240);
    assert.deepEqual(redeemed.links, [`${redeemed.secret}-1`, `${redeemed.secret}-2`]);
    assert.ok(await platform.get("Secret", redeemed.secret, never));
    await assert.rejects(redeem(platform, token), rejectsWith("already-redeemed"));
  },
);

withService("is done once when several redeem at the same time", honest(), async (service) => {
  const platform = await eastSite();
  const pendingKeys = keepKeys();
  const all = Array.from({ length: 5 }, () => redeem(platform, service.token, { pendingKeys }));
  const results = await Promise.allSettled(all);
  assert.ok(results.some(({ status }) => status === "fulfilled"));
  for (const result of results) {
    if (result.status === "fulfilled") continue;
    assert.ok(isAppError(result.reason, "conflict", "already-redeemed"), String(result.reason));
  }
  const secret = (await platform.get("Secret", name, never))!;
  assert.ok(isKeyOfCertificate(secretText(secret, "tls.crt")!, secretText(secret, "tls.key")!));
  const sent = new Set(service.requests.map(({ headers }) => headers["subject"]));
  assert.equal(sent.size, 1);
});

withService(
  "forgets the key of a token that is spent",
  answer(404, "No such access granted\n"),
  async (service) => {
    const platform = await eastSite();
    const pendingKeys = keepKeys();
    const redeeming = redeem(platform, service.token, { pendingKeys });
    await assert.rejects(redeeming, rejectsWith("token-used-up"));
    assert.equal(pendingKeys.kept.size, 0);
    await assertNothingStored(platform);
  },
);

const doubtful: [what: string, headers: Record<string, string>, code: ErrorCode][] = [
  ["had lost sight of the grant", {}, "token-unknown"],
  ["had a clock that was ahead", { reason: "expired" }, "token-expired"],
];
for (const [what, headers, code] of doubtful) {
  let isMistaken = true;
  withService(
    `goes on with the same key where a service ${what}`,
    (request, socket) =>
      (isMistaken ? answer(404, "No such claim\n", headers) : honest())(request, socket),
    async (service) => {
      const platform = await eastSite();
      const pendingKeys = keepKeys();
      const redeeming = redeem(platform, service.token, { pendingKeys });
      await assert.rejects(redeeming, rejectsWith(code));
      const [key] = pendingKeys.kept.values();
      isMistaken = false;
      await redeem(platform, service.token, { pendingKeys });
      const secret = (await platform.get("Secret", name, never))!;
      assert.equal(secretText(secret, "tls.key"), key);
    },
  );
}

const unsettled: [what: string, behave: Behaviour, code: ErrorCode][] = [
  ["an answer that is not acceptable", answer(200, "<html>"), "answer-invalid"],
  ["an error of the server", answer(500, "no CA"), "server-error"],
];
for (const [what, behave, code] of unsettled) {
  withService(`stores nothing of ${what}, and keeps the key`, behave, async (service) => {
    const platform = await eastSite();
    const pendingKeys = keepKeys();
    await assert.rejects(redeem(platform, service.token, { pendingKeys }), rejectsWith(code));
    assert.equal(pendingKeys.kept.size, 1);
    await assertNothingStored(platform);
  });
}

withService("asks for a site, spending nothing", answer(405), async (service) => {
  await assert.rejects(
    redeem(memoryPlatform("nowhere"), service.token),
    rejectsWith("site-missing", /redeem a token: there is no site in namespace "nowhere"/),
  );
  assert.deepEqual(service.requests.map(({ method }) => method), ["GET"]);
});

withService(
  "says that the token is spent rather than that there is no site",
  answer(404, "No such claim\n", { reason: "expired" }),
  async (service) => {
    const list = () =>
      Promise.reject(appError("namespace-not-found", { namespace: "nowhere", where: "/data" }));
    const nowhere: Platform = { ...memoryPlatform("nowhere"), list };
    for (const platform of [memoryPlatform("nowhere"), nowhere]) {
      await assert.rejects(redeem(platform, service.token), rejectsWith("token-expired"));
    }
    assert.ok(service.requests.every(({ method }) => method === "GET"));
  },
);

test("redeemToken() says that there is no site where the grant service can't be asked", async () => {
  const service = await startGrantService(answer(200));
  await service.close();
  await assert.rejects(redeem(memoryPlatform(), service.token), rejectsWith("site-missing"));
});

test("redeemToken() refuses a token put together wrongly", async () => {
  const service = await startGrantService(answer(200));
  const { spec } = service.token;
  const token = { ...service.token, spec: { ...spec, url: spec.url.replace("https", "http") } };
  await assert.rejects(
    redeem(await eastSite(), token),
    rejectsWith("token-file-invalid", /must begin with https/),
  );
  await service.close();
});
