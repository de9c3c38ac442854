import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { createKeyPair } from "../../../src/pki/key_pair.ts";
import {
  encode,
  type GrantAnswerParts,
  makeGrantAnswer,
  renderGrantAnswer,
} from "../stage/grant_answer.ts";
import { type Sandbox, shareSandbox } from "../stage/harness.ts";
import { assertRefused } from "../stage/refusal.ts";
import { redemptionFiles } from "../stage/sites.ts";
import { makeCertificate, standInToken, startStandInServer } from "../stage/stand_in_server.ts";

const shared = shareSandbox(async (sandbox) => {
  await sandbox.succeed(["site", "create", "east"]);
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface HostileServer {
  what: string;
  answer: Answer;
  code: number;
  /** Lines on stderr; `URL` is the grant's. */
  wanted: string[];
  options?: string[];
  /** How often it may be asked. */
  most?: number;
}

const notStored = "hint: Nothing of it was stored.";

/** An answer that is good but for what `spoil` does to it. */
function spoiled(
  what: string,
  spoil: (parts: GrantAnswerParts) => void | Promise<void>,
  why: string,
): HostileServer {
  return {
    what: `answers with ${what}`,
    answer: async (request, response) => {
      const parts = await makeGrantAnswer(request);
      await spoil(parts);
      response.end(renderGrantAnswer(parts));
    },
    code: 1,
    wanted: [`error: The answer of the grant service at URL is not acceptable: ${why}`, notStored],
  };
}

const servers: HostileServer[] = [
  {
    what: "answers 301",
    answer: (_request, response) => {
      response.writeHead(301, { location: "https://127.0.0.1:1/elsewhere" }).end();
    },
    code: 1,
    wanted: [
      "error: The answer of the grant service at URL is not acceptable: " +
      "it is a redirection (301), and those are not followed",
      notStored,
    ],
  },
  {
    what: "answers 500, and says the code back",
    answer: (_request, response) => {
      response.writeHead(500).end("oops\x1b[2J StandInCode1234567890abc");
    },
    code: 8,
    wanted: ["error: The grant service at URL answered 500: oops [2J …"],
  },
  {
    what: "answers 503 again and again",
    answer: (_request, response) => void response.writeHead(503).end("not now"),
    code: 124,
    options: ["--timeout", "4s"],
    wanted: [
      "error: Timed out after 4s waiting for the grant service at URL " +
      "(last error: The grant service at URL answered 503: not now)",
      "hint: To go on from here: hawser token redeem t.yaml",
    ],
    most: 100,
  },
  {
    what: "answers 429 and asks for more patience than there is",
    answer: (_request, response) => {
      response.writeHead(429, { "retry-after": "100" }).end("slow down");
    },
    code: 8,
    wanted: [
      "error: The grant service at URL takes no more tries for now: too many wrong codes",
      "hint: It takes tries again in 100 seconds.",
    ],
  },
  {
    what: "answers 403",
    answer: (_request, response) => void response.writeHead(403).end(),
    code: 4,
    wanted: [
      "error: The grant service at URL refused the token: its code is not the grant's",
      "hint: Ask for a new token.",
    ],
  },
  {
    what: "answers 10 MB",
    answer: (_request, response) => void response.end(Buffer.alloc(10_000_000, "a")),
    code: 1,
    wanted: [
      "error: The answer of the grant service at URL is not acceptable: it is larger than 256 KiB",
      notStored,
    ],
  },
  {
    what: "answers HTML",
    answer: (_request, response) => void response.end("<html><body>Welcome!</body></html>\n"),
    code: 1,
    wanted: [
      "error: The answer of the grant service at URL is not acceptable: [WILDCARD]",
      notStored,
    ],
  },
  {
    what: "answers nothing",
    answer: (_request, response) => void response.end(),
    code: 1,
    wanted: [
      "error: The answer of the grant service at URL is not acceptable: it is empty",
      notStored,
    ],
  },
  {
    what: "closes half-way",
    answer: (_request, response) => {
      response.writeHead(200, { "content-length": "1000" }).write("---\nkind: Secret\n", () => {
        response.destroy();
      });
    },
    code: 8,
    wanted: ["error: Cannot reach URL: the connection broke before its answer was complete"],
    most: 5,
  },
  {
    what: "hangs",
    answer: () => {},
    code: 124,
    options: ["--timeout", "3s", "--link-cost", "3"],
    wanted: [
      "error: Timed out after 3s waiting for the grant service at URL",
      "hint: To go on from here: hawser token redeem t.yaml --link-cost 3",
    ],
  },
  spoiled(
    "a Secret of another kind of data",
    ({ secret }) => void (secret.data["password"] = encode("hunter2hunter2")),
    "its Secret holds other data than a certificate",
  ),
  spoiled(
    "another Secret's name",
    ({ secret }) => void (secret.metadata.name = "skupper-local-server"),
    'a Secret is named "skupper-local-server" where west-abcde was asked for',
  ),
  spoiled(
    "a Link named ../../etc/x",
    ({ links }) => void (links[0]!.metadata.name = "../../etc/x"),
    'a Link is named "../../etc/x" where west-abcde was asked for',
  ),
  spoiled(
    "a ConfigMap in the place of a Link",
    ({ links }) => void (links[0]!["kind"] = "ConfigMap"),
    'document 2 is a "ConfigMap" where a Link belongs',
  ),
  spoiled("no Link", ({ links }) => void links.pop(), "it holds no Link"),
  spoiled(
    "a certificate that does not match its key",
    async ({ secret }) => {
      secret.data["tls.key"] = encode((await createKeyPair()).privateKeyPem);
    },
    "the key does not match the certificate",
  ),
  spoiled(
    "a certificate of another authority",
    ({ secret }) => void (secret.data["ca.crt"] = encode(makeCertificate().certificate)),
    "the certificate is not signed by ca.crt",
  ),
  spoiled(
    "an endpoint that is a command",
    ({ links }) => void (links[0]!.spec.endpoints[0]!["host"] = "$(reboot)"),
    'an endpoint has the host "$(reboot)"',
  ),
];

for (const { what, answer, code, wanted, options = [], most = 1 } of servers) {
  test(
    `a grant service that ${what}`,
    shared.use(async (sandbox) => {
      const server = await startStandInServer(answer);
      try {
        sandbox.write("t.yaml", standInToken(server));
        const outcome = await sandbox.hawser(["token", "redeem", "t.yaml", ...options]);
        const url = `${server.url}/11111111-2222-3333-4444-555555555555`;
        assertRefused(outcome, code, ...wanted.map((line) => line.replaceAll("URL", url)));
        assert.ok(server.requests.length >= 1 && server.requests.length <= most);
        assertNothingStored(sandbox);
      } finally {
        await server.close();
      }
    }),
  );
}

/** What may stay is the key of a redemption that can still succeed. */
function assertNothingStored(sandbox: Sandbox): void {
  const files = redemptionFiles(sandbox, "default");
  assert.deepEqual(files.filter((file) => !file.endsWith(".key")), []);
}

test(
  "a grant service with a good answer, of the kind that makes the key",
  shared.use(async (sandbox) => {
    const server = await startStandInServer(async (request, response) => {
      response.end(renderGrantAnswer(await makeGrantAnswer(request)));
    });
    sandbox.write("t.yaml", standInToken(server));
    const { stdout } = await sandbox.succeed(["token", "redeem", "t.yaml"]);
    assert.match(stdout, /^Link "west-abcde" is configured\.\n/);
    await server.close();
    await sandbox.succeed(["link", "delete", "west-abcde"]);
    assertNothingStored(sandbox);
  }),
);

test(
  "a grant service that is down",
  shared.use(async (sandbox) => {
    const server = await startStandInServer(() => {});
    await server.close();
    sandbox.write("t.yaml", standInToken(server));
    assertRefused(
      await sandbox.hawser(["token", "redeem", "t.yaml"]),
      8,
      `error: Cannot reach ${server.url}/[WILDCARD]: the connection was refused`,
    );
    assertNothingStored(sandbox);
  }),
);

test(
  "a grant service with a certificate of another authority hears nothing of the code",
  shared.use(async (sandbox) => {
    const server = await startStandInServer(() => {});
    sandbox.write("t.yaml", standInToken({ ...server, ca: makeCertificate().certificate }));
    assertRefused(
      await sandbox.hawser(["token", "redeem", "t.yaml"]),
      8,
      `error: Cannot trust the server at ${server.url}/[WILDCARD]: ` +
        "its certificate is not signed by the authority it should be",
      "hint: Another server may have taken its place: ask for a new token.",
    );
    assert.deepEqual(server.requests, []);
    await server.close();
    assertNothingStored(sandbox);
  }),
);

/** What a server without TLS does with a connection. */
const withoutTls: [string, string | undefined, string[], number, string][] = [
  [
    "speaks HTTP without TLS",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    [],
    8,
    "error: Cannot trust the server at [WILDCARD]: it does not speak TLS",
  ],
  [
    "takes connections and says nothing",
    undefined,
    ["--timeout", "3s"],
    124,
    "error: Timed out after 3s waiting for the grant service at [WILDCARD]\n" +
    "hint: To go on from here: hawser token redeem t.yaml",
  ],
];

for (const [what, says, options, code, wanted] of withoutTls) {
  test(
    `a server that ${what}`,
    shared.use(async (sandbox) => {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        if (says !== undefined) socket.once("data", () => socket.end(says));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo; // of a TCP server
      const { certificate } = makeCertificate();
      const url = `https://127.0.0.1:${port}`;
      sandbox.write("t.yaml", standInToken({ url, ca: certificate }));
      const outcome = await sandbox.hawser(["token", "redeem", "t.yaml", ...options]);
      assertRefused(outcome, code, wanted);
      server.close();
      assertNothingStored(sandbox);
    }),
  );
}

test("what was printed and left behind holds no secret", shared.end);
