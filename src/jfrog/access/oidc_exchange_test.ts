import assert from "node:assert/strict";
import { test } from "node:test";
import { answerWith, startAccessApi } from "../../../test/fakes/access_api.ts";
import { makeSurroundings } from "../../../test/fakes/access_surroundings.ts";
import { isAppError } from "../../errors/app_error.ts";
import { startDeadline } from "../../wait/deadline.ts";
import {
  exchangeOidcToken,
  type OidcExchange,
  oidcFromEnv,
  oidcProviderType,
} from "./oidc_exchange.ts";

const exchange: OidcExchange = {
  providerName: "github",
  providerType: "GitHub",
  tokenId: "ID<TOKEN",
};

test("exchangeOidcToken() sends jf's request and gives back the token", async () => {
  const api = await startAccessApi();
  const surroundings = makeSurroundings(api.ca);
  const deadline = startDeadline(5000, new AbortController().signal);
  const made = await exchangeOidcToken({ url: api.url }, exchange, surroundings, deadline);
  assert.match(made.accessToken, /^eyJ/);
  assert.equal(made.username, "alice");
  assert.equal(made.tokenType, "Bearer");
  const env = {
    JFROG_CLI_BUILD_PROJECT: "p",
    JFROG_CLI_APPLICATION_KEY: "a",
    JFROG_CLI_CI_JOB_ID: "j",
    JFROG_CLI_CI_RUN_ID: "r",
    JFROG_CLI_CI_VCS_URL: "v",
    JFROG_CLI_CI_VCS_REVISION: "1",
    JFROG_CLI_CI_BRANCH: "b",
  };
  const full = { ...exchange, ...oidcFromEnv(env), audience: "aud" };
  const server = { url: api.url, credentials: { user: "u", password: "p" } };
  await exchangeOidcToken(server, full, surroundings, deadline);
  const [small, large] = api.calls;
  assert.equal(small!.headers.authorization, undefined);
  assert.equal(large!.headers.authorization, `Basic ${btoa("u:p")}`);
  const start = '{"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange",' +
    '"subject_token_type":"urn:ietf:params:oauth:token-type:id_token",' +
    '"subject_token":"ID\\u003cTOKEN","provider_name":"github",';
  assert.equal(small!.text, `${start}"provider_type":"GitHub"}`);
  assert.equal(
    large!.text,
    `${start}"project_key":"p","job_id":"j","run_id":"r","audience":"aud","provider_type":"GitHub",` +
      '"repo":"v","revision":"1","branch":"b","application_key":"a"}',
  );
  await api.close();
  surroundings.remove();
});

test("exchangeOidcToken() tells a refusal, and a success without a token", async () => {
  const api = await startAccessApi();
  const surroundings = makeSurroundings(api.ca);
  const deadline = startDeadline(5000, new AbortController().signal);
  const run = (change: Partial<OidcExchange> = {}) =>
    exchangeOidcToken({ url: api.url }, { ...exchange, ...change }, surroundings, deadline);
  await assert.rejects(
    run({ providerName: "none" }),
    (error) =>
      isAppError(error, "access-request-invalid") && /No identity mapping/.test(error.message),
  );
  for (const body of [{}, { access_token: "" }, { access_token: 7 }, "null", "", "<html>"]) {
    api.misbehave(answerWith(200, body));
    await assert.rejects(run(), (error) => isAppError(error, "access-answer-invalid"));
  }
  // what was made is not thrown away for its status
  api.misbehave(answerWith(201, { access_token: "made" }));
  assert.equal((await run()).accessToken, "made");
  api.misbehave(answerWith(403, { message: "ID<TOKEN is no good" }));
  await assert.rejects(
    run(),
    (error) => isAppError(error, "access-refused") && !/ID<TOKEN/.test(error.message),
  );
  api.misbehave(answerWith(500, "oops"));
  await assert.rejects(
    run(),
    // a token may be behind it
    (error) => isAppError(error, "access-server-failed") && !error.retryable,
  );
  await api.close();
  surroundings.remove();
});

test("oidcProviderType() knows its names in any case", () => {
  assert.equal(oidcProviderType(undefined, "x"), "GitHub");
  assert.equal(oidcProviderType("genericoidc", "x"), "GenericOidc");
  assert.equal(oidcProviderType("AZURE", "x"), "Azure");
  assert.throws(() => oidcProviderType("gitlab", "--oidc-provider-type"), /--oidc-provider-type/);
});
