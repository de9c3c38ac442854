import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { makeJwt } from "../../../test/fakes/access_rules.ts";
import { makeSurroundings } from "../../../test/fakes/access_surroundings.ts";
import { damaged } from "../../../test/fakes/damaged_text.ts";
import { type AppError, isAppError } from "../../errors/app_error.ts";
import { startDeadline } from "../../wait/deadline.ts";
import type { CreatedToken } from "./created_token.ts";
import { AccessTokens } from "./tokens.ts";

const never = new AbortController().signal;
const atOnce = 50;

/** What is asked with, and what answers give: secrets all. */
const asker = makeJwt({ sub: "jfac@01/users/admin", jti: "CanaryAsker" });
const made = makeJwt({ sub: "jfac@01/users/bob", jti: "CanaryMade" });
const reference = "cmVmdGtuOjAxOkNhbmFyeVJlZmVyZW5jZQ";

const success = JSON.stringify({
  token_id: "7c8c1ad2",
  access_token: made,
  expires_in: 31_536_000,
  scope: "applied-permissions/user",
  token_type: "Bearer",
  reference_token: reference,
});

/** What servers, and what stands before them, have answered with. */
const bodies = [
  success,
  success.replace('"access_token"', '"Access_Token"'),
  JSON.stringify({ errors: [{ code: "FORBIDDEN", message: `Not for ${asker} nor ${made}` }] }),
  JSON.stringify({ code: "BAD_REQUEST", message: "Token not revocable", detail: reference }),
  JSON.stringify({ error: "invalid_request", error_description: `Bearer ${asker}` }),
  `<!doctype html><html><title>Sign in ${made}</title><body>${asker}</body></html>`,
  `${asker} ${reference}`,
  "null",
  "",
];

const failures = [
  ...["204 No Content", "304 Not Modified", "400 Bad Request", "401 Unauthorized"],
  ...[`403 Not for ${asker}`, "404 Not Found", "409 Conflict", "429 Too Many", "500 Oops"],
  ...["502 Bad Gateway", "503 Busy", "504 Gateway Timeout", "999 Odd"],
];

const codings: Record<string, (body: Buffer) => Buffer> = {
  "": (body) => body,
  "gzip": gzipSync,
  "deflate": deflateSync,
  "br": (body) => body, // a lie
};

/** The bytes of an answer, whole or damaged, as text of one byte for each character. */
const anyAnswer = fc.record({
  status: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom("200 OK", "201 Created") },
    { weight: 1, arbitrary: fc.constantFrom(...failures) },
  ),
  type: fc.constantFrom(
    ...["application/json", "text/html", "application/json; charset=utf-16le", ""],
    ...["application/json; charset=nonsense"],
  ),
  body: fc.oneof(
    fc.constant(success),
    fc.constantFrom(...bodies),
    damaged(fc.constantFrom(...bodies), 2),
  ),
  mark: fc.constantFrom("", "", "\uFEFF"),
  coding: fc.constantFrom(...Object.keys(codings)),
  length: fc.constantFrom("right", "none", "short", "long", "chunked"),
}).map(({ status, type, body, mark, coding, length }) => {
  const text = Buffer.from(mark + body, type.includes("utf-16") ? "utf16le" : "utf8");
  const coded = codings[coding]!(text);
  const wrong = new Map([["right", 0], ["short", -3], ["long", 7]]).get(length);
  const head = [
    `HTTP/1.1 ${status}`,
    ...type === "" ? [] : [`Content-Type: ${type}`],
    ...coding === "" ? [] : [`Content-Encoding: ${coding}`],
    ...wrong === undefined ? [] : [`Content-Length: ${Math.max(0, coded.length + wrong)}`],
    ...length === "chunked" ? ["Transfer-Encoding: chunked"] : [],
  ].join("\r\n");
  const sent = coded.toString("latin1");
  const chunk = `${coded.length.toString(16)}\r\n${sent}\r\n${
    coded.length === 0 ? "" : "0\r\n\r\n"
  }`;
  return `${head}\r\n\r\n${length === "chunked" ? chunk : sent}`;
});

/** A server that reads a request, and gives the answer whose number is in its path. */
function serve(answers: string[]) {
  return createServer((socket) => {
    let request = "";
    socket.on("error", () => {});
    socket.on("data", (data) => {
      request += data.toString("latin1");
      if (!request.startsWith("POST /")) return socket.destroy(); // it is asked whether it has TLS
      const [, number, length] = /^POST \/(\d+)\/.*\r\ncontent-length: (\d+)\r\n/is.exec(request) ??
        [];
      const isWhole = request.length === request.indexOf("\r\n\r\n") + 4 + Number(length);
      if (isWhole) socket.end(Buffer.from(answers[Number(number)]!, "latin1"));
    });
  });
}

test("whatever the answer, a token comes of it or the word that there may be one, and no secret", async () => {
  const answers = fc.sample(fc.oneof(anyAnswer, anyAnswer, damaged(anyAnswer, 2)), {
    numRuns: 10_000,
    seed: 13,
  });
  const server = serve(answers);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const surroundings = makeSurroundings();
  const count = { tokens: 0, refused: 0 };
  const check = async (number: number) => {
    const told: string[] = [];
    const tell = (text: string) => void told.push(text);
    const deadline = startDeadline(60_000, never);
    const tokens = new AccessTokens(
      { url: `http://127.0.0.1:${port}/${number}/`, credentials: { accessToken: asker } },
      { ...surroundings, warn: tell, detail: tell, progress: tell },
      deadline,
    );
    const made = await tokens.create({} as never).catch((error) => error).finally(deadline.end);
    const answer = answers[number]!;
    if (made instanceof Error) told.push(...judge(made, told.join("\n"), answer));
    else assert.equal(typeof (made as CreatedToken).access_token, "string", answer);
    count[made instanceof Error ? "refused" : "tokens"]++;
    for (const text of told) assertNoSecret(text, answer);
  };
  try {
    for (let from = 0; from < answers.length; from += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, index) => check(from + index)));
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
    surroundings.remove();
  }
  assert.ok(count.tokens > 500 && count.refused > 500, JSON.stringify(count));
});

/** What an error says, once it is as it should be. */
function judge(error: Error, told: string, answer: string): string[] {
  assert.ok(isAppError(error), `${error.stack}\n${answer}`);
  const said = `${error.message}\n${error.hint({ program: "hawser" } as never) ?? ""}\n${told}`;
  if (isAppError(error, "access-answer-lost", "access-answer-invalid")) {
    assert.equal(error.retryable, false, answer);
    assert.match(said, /a token may exist/, answer);
    assert.match(said, /hawser access-token list.*hawser access-token revoke <id>/, answer);
  }
  if (isAppError(error, "access-server-failed")) {
    const { status } = error.data as AppError<"access-server-failed">["data"];
    assert.equal(error.retryable, status === 429, answer);
    assert.equal(/a token may exist/.test(said), !error.retryable, answer);
  }
  return [said];
}

function assertNoSecret(text: string, answer: string): void {
  for (const secret of [asker, made, reference]) {
    assert.ok(!text.includes(secret), `${text}\n${answer}`);
  }
}
