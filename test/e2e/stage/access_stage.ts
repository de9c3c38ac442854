import assert from "node:assert/strict";
import type { Server } from "../../../src/jfrog/server.ts";
import {
  type AccessApi,
  type AccessCall,
  type Misbehaviour,
  passwords,
  startAccessApi,
} from "../../fakes/access_api.ts";
import type { StoredToken } from "../../fakes/access_rules.ts";
import { assertMatches } from "./golden.ts";
import { type CallOptions, type Outcome, Sandbox } from "./harness.ts";

/**
 * A call of the executable, and all that is to come of it. In texts, URL is the stand-in's, without
 * slash.
 */
export interface AccessCase {
  name: string;
  args: string[];
  calledAs?: "jf";
  env?: Record<string, string>;
  stdin?: string;
  /** The servers configured before. */
  config?: Server[] | string;
  misbehave?: Misbehaviour[];
  /** The requests: method and path, who asks, and the body where there is one. */
  sent?: string[];
  code?: number;
  /** TOKEN, REFRESH, REFERENCE and ID are those of the token made. */
  stdout?: string;
  /** Lines; `[WILDCARD]` in them is anything. Exactly these, warnings among them. */
  stderr?: string[];
}

/** A sandbox whose home trusts a stand-in for the Access API. */
export interface AccessStage {
  readonly sandbox: Sandbox;
  readonly api: AccessApi;
  /** Tokens of the stand-in to ask with. */
  readonly admin: StoredToken;
  readonly alice: StoredToken;
  /** Runs a case and checks all of it. */
  play(one: AccessCase): Promise<void>;
  call(args: string[], options?: CallOptions): Promise<Outcome>;
  end(): Promise<void>;
}

/** A stage that the tests of a file share, made for the first that uses it. */
export interface SharedStage {
  use(body: (stage: AccessStage) => Promise<void>): () => Promise<void>;
  /** The file's last test: ends it, and so finds what any test before has leaked. */
  end(): Promise<void>;
}

export function shareAccessStage(): SharedStage {
  let stage: Promise<AccessStage> | undefined;
  return {
    use: (body) => async () => await body(await (stage ??= openAccessStage())),
    end: async () => await (await stage)?.end(),
  };
}

async function openAccessStage(): Promise<AccessStage> {
  const sandbox = new Sandbox();
  const api = await startAccessApi();
  sandbox.write("home/.jfrog/security/certs/ca.pem", api.ca);
  const [admin, alice] = [api.tokens.make("admin"), api.tokens.make("alice")];
  const stage: AccessStage = {
    sandbox,
    api,
    admin,
    alice,
    call: (args, options = {}) => {
      const url = api.url.slice(0, -1);
      const filled = (text: string) => text.replaceAll("URL", url).replaceAll("ADMIN", admin.value);
      const env = Object.entries(options.env ?? {}).map((
        [name, value],
      ) => [name, filled(value ?? "")]);
      return sandbox.hawser(args.map(filled), {
        printsToken: true,
        ...options,
        env: Object.fromEntries(env),
      });
    },
    play: (one) => playCase(stage, one),
    async end() {
      const made = api.tokens.all.flatMap(({ value, refresh, reference }) =>
        [value, refresh, reference].filter((secret) => secret !== undefined)
      );
      sandbox.secrets.push(...made, ...Object.values(passwords));
      await sandbox.end();
      await api.close();
    },
  };
  return stage;
}

async function playCase(stage: AccessStage, one: AccessCase): Promise<void> {
  const { sandbox, api, admin } = stage;
  const url = api.url.slice(0, -1);
  const file = "home/.jfrog/jfrog-cli.conf.v6";
  const config = typeof one.config === "string"
    ? one.config
    : JSON.stringify({ servers: one.config ?? [], version: "6" });
  sandbox.write(file, config.replaceAll("URL", url).replaceAll("ADMIN", admin.value));
  const before = { calls: api.calls.length, tokens: api.tokens.all.length };
  const config0 = sandbox.read(file);
  api.misbehave(...one.misbehave ?? []);
  const outcome = await stage.call(one.args, {
    env: one.env ?? {},
    stdin: one.stdin?.replaceAll("ADMIN", admin.value) ?? "",
    ...(one.calledAs === undefined ? {} : { calledAs: one.calledAs }),
  });
  const made = api.tokens.all.slice(before.tokens).at(-1);
  const named = (text: string) => nameParts(text, url, made);
  assert.equal(outcome.code, one.code ?? 0, outcome.stderr + outcome.stdout);
  const sent = api.calls.slice(before.calls).map((call) => describeCall(call, stage));
  assert.deepEqual(sent, one.sent ?? []);
  assertMatches(named(outcome.stderr), (one.stderr ?? []).map((line) => `${line}\n`).join(""));
  assertMatches(named(outcome.stdout), one.stdout ?? "");
  // a secret is in none of what was said, but where the token is the result
  for (const secret of [admin.value, ...Object.values(passwords)]) {
    assert.ok(!(outcome.stdout + outcome.stderr).includes(secret), "a secret was printed");
  }
  assert.equal(sandbox.read(file), config0, "the configuration was written");
}

function nameParts(text: string, url: string, made: StoredToken | undefined): string {
  const parts: [string | undefined, string][] = [
    [made?.value, "TOKEN"],
    [made?.value.slice(0, 40), "TOKEN40"],
    [made?.refresh, "REFRESH"],
    [made?.reference, "REFERENCE"],
    [made?.token_id, "ID"],
    [url, "URL"],
  ];
  return parts.reduce((text, [part, name]) => part ? text.replaceAll(part, name) : text, text);
}

function describeCall({ method, path, headers, text }: AccessCall, stage: AccessStage): string {
  const { authorization = "nobody" } = headers;
  const known = [[stage.admin.value, "admin"], [stage.alice.value, "alice"]] as const;
  const who = known.reduce((text, [value, name]) => text.replace(value, name), authorization);
  return [`${method} ${path}`, who, ...text === "" ? [] : [text]].join(" | ");
}
