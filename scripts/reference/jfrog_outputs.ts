import { z } from "zod";
import { text, time, truth, whole } from "./resource_outputs.ts";

const masked = z.literal("***");

const server = z.strictObject({
  serverId: text("its name").optional(),
  url: text("the platform's url").optional(),
  artifactoryUrl: text("Artifactory's url").optional(),
  distributionUrl: text("Distribution's url").optional(),
  xrayUrl: text("Xray's url").optional(),
  xscUrl: text("the url of Xray's source control").optional(),
  catalogUrl: text("the catalog's url").optional(),
  missionControlUrl: text("Mission Control's url").optional(),
  pipelinesUrl: text("Pipelines' url").optional(),
  accessUrl: text("Access' url").optional(),
  user: text("the user").optional(),
  password: masked.describe("there is one").optional(),
  sshKeyPath: text("the SSH key's file").optional(),
  sshPassphrase: masked.describe("there is one").optional(),
  accessToken: masked.describe("there is one").optional(),
  refreshToken: masked.describe("there is one").optional(),
  artifactoryRefreshToken: masked.describe("there is one").optional(),
  tokenRefreshInterval: whole("minutes before jf makes a token of user and password").optional(),
  clientCertPath: text("the client certificate's file").optional(),
  clientCertKeyPath: text("its private key's file").optional(),
  isDefault: z.literal(true).describe("it is the default one").optional(),
  webLogin: z.literal(true).describe("its token is of a login in a browser").optional(),
  disableTokenRefresh: z.literal(true).describe("its access token is never refreshed").optional(),
});

/** A token as the server lists it: what it says is passed on. */
const listedToken = z.looseObject({
  token_id: text("its id"),
  subject: text("whose it is").optional(),
  issuer: text("who issued it").optional(),
  description: text("what it is for").optional(),
  refreshable: truth("whether there is a refresh token").optional(),
  issued_at: whole("when it was made, in seconds since 1970").optional(),
  issued_at_time: time("the same").optional(),
  expiry: whole("when it ends, in seconds since 1970; absent: never").optional(),
  expires_at: time("the same").optional(),
});

const createdToken = z.strictObject({
  access_token: text("the token"),
  token_id: text("its id").optional(),
  scope: text("what it may do").optional(),
  expires_in: whole("its life in seconds").optional(),
  expires_at: time("when it ends").optional(),
  token_type: text("Bearer").optional(),
  refreshable: truth("whether there is a refresh token").optional(),
  refresh_token: text("the refresh token").optional(),
  reference_token: text("a short name for the token").optional(),
  grant_type: text("how it was made").optional(),
  audience: text("the services that accept it").optional(),
});

/** Called as jf, a failure that a server answered stands on stdout beside the error. */
const failedAnswer = z.strictObject({
  status: text("its status line"),
  status_code: whole("its status"),
  body: z.unknown().describe("what it says").optional(),
}).meta({ title: "called as jf, where the server refused" });

const creation = z.union([
  createdToken.meta({ title: "a token" }),
  z.strictObject({
    identity: text("who asks, by what"),
    request: text("method and url"),
    headers: z.record(z.string(), z.string()).describe("its headers, secrets masked"),
    body: z.looseObject({}).describe("what would be sent"),
  }).meta({ title: "with --dry-run" }),
  failedAnswer,
]);

/** What `-o json` prints of JFrog's commands. */
export const jfrogOutputs = {
  "config add": server,
  "config edit": server,
  "config import": server,
  "config show": z.array(server),
  "config use": z.strictObject({
    serverId: text("the default server's name"),
    url: text("its url").optional(),
  }),
  "config remove": z.strictObject({
    removed: z.array(z.string()).describe("the names of what was removed"),
    default: text("the default server's name").optional(),
  }),
  "config check": z.strictObject({
    server: text("the configured server's name").optional(),
    url: text("the platform's url"),
    ok: truth("every step passed"),
    steps: z.array(
      z.strictObject({
        step: z.enum(["connection", "tls", "service", "clock", "credentials", "version"]),
        ok: truth("it passed"),
        detail: text("what was found"),
      }),
    ).describe("those that were taken; only the last one can have failed"),
    user: text("whose the credentials are").optional(),
    expires_at: time("when the access token ends").optional(),
    scope: text("what it may do").optional(),
    version: text("Artifactory's version").optional(),
    clock_difference_seconds: z.int().describe("how far the server's clock is ahead of this one")
      .optional(),
  }),
  "config export": z.strictObject({ token: text("what config import takes; secrets are in it") }),
  "access-token list": z.strictObject({
    tokens: z.array(listedToken).describe("the tokens"),
  }),
  "access-token show": listedToken,
  "access-token inspect": z.strictObject({
    kind: z.enum(["JSON Web Token", "reference token", "API key"]),
    signature_checked: z.literal(false).describe("what it says of itself is believed").optional(),
    server: text("the configured server whose token it is").optional(),
    token_id: text("its id").optional(),
    user: text("whose it is").optional(),
    subject: text("the same in full").optional(),
    issuer: text("who issued it").optional(),
    scope: text("what it may do").optional(),
    audience: z.array(z.string()).describe("the services that accept it").optional(),
    issued_at_time: time("when it was made").optional(),
    expires_at: time("when it ends; absent: never, or nobody can tell").optional(),
    expired: truth("it has ended, by this machine's clock").optional(),
    claims: z.looseObject({}).describe("all that it says, as it says it").optional(),
  }),
  "access-token refresh": z.union([
    z.strictObject({
      serverId: text("the configured server whose token was refreshed"),
      byUs: truth("false: somebody else has just done it"),
    }).meta({ title: "of a configured server" }),
    createdToken.meta({ title: "of a refresh token given" }),
  ]),
  "access-token revoke": z.strictObject({
    id: text("its id"),
    revoked: truth("false: there was nothing left to revoke"),
  }),
  "access-token create": creation,
  "rt access-token-create": creation,
  "rt ping": z.strictObject({ answer: text("what Artifactory says") }),
  "access-token-create": creation,
  "exchange-oidc-token": z.union([
    z.strictObject({
      AccessToken: text("the token"),
      Username: text("whose it is"),
    }).meta({ title: "a token" }),
    failedAnswer,
  ]),
};
