import { test } from "node:test";
import { type AccessCase, shareAccessStage } from "../stage/access_stage.ts";

const atc = ["atc", "--url", "URL", "--access-token-stdin"];
const acme = { url: "URL/", accessToken: "ADMIN", serverId: "acme" };

/** What is refused before anything is sent. */
const early: AccessCase[] = [
  {
    name: "two usernames",
    args: [...atc, "a", "b"],
    code: 2,
    stderr: [
      'error: Too many arguments for "access-token-create". Expected 1 argument but got 2',
      "hint: hawser access-token-create --help",
    ],
  },
  {
    name: "no server",
    args: ["atc"],
    code: 3,
    stderr: [
      "error: No JFrog server is named, and none is configured",
      "hint: hawser config add, or give --url and --access-token-stdin.",
    ],
  },
  {
    name: "a token without a url",
    args: ["atc", "--access-token-stdin"],
    code: 2,
    stderr: ["error: No JFrog server is named: there is no url[WILDCARD]", "hint: [WILDCARD]"],
  },
  {
    name: "no default among servers",
    args: ["atc"],
    config: [acme, { ...acme, serverId: "two" }],
    code: 3,
    stderr: [
      "error: No JFrog server is named, and none of those configured is the default",
      "hint: [WILDCARD]",
    ],
  },
  {
    name: "an unknown server",
    args: ["atc", "--server-id", "Acme"],
    config: [acme],
    code: 6,
    stderr: ['error: Server ID "Acme" does not exist', "hint: hawser config show"],
  },
  {
    name: "no credentials",
    args: ["atc", "--url", "URL", "--user", "a"],
    code: 2,
    stderr: ["error: There are no credentials for URL/", "hint: [WILDCARD]"],
  },
  {
    name: "a scope beside groups",
    args: [...atc, "--scope", "applied-permissions/user", "--groups", ""],
    code: 2,
    stderr: ["error: The scope is either given with --scope, or [WILDCARD]", "hint: [WILDCARD]"],
  },
  {
    name: "an expiry that is none",
    args: [...atc, "--expiry", "1e3"],
    code: 2,
    stderr: ['error: Invalid value "1e3" for --expiry: it must be seconds or a duration[WILDCARD]'],
  },
  {
    name: "an expiry in the past",
    args: [...atc, "--expiry=-1"],
    code: 2,
    stderr: ['error: Invalid value "-1" for --expiry: [WILDCARD]'],
  },
  {
    name: "a format that jf has not",
    args: [...atc, "--format", "xml"],
    code: 2,
    stderr: ['error: Invalid value "xml" for --format: it must be json or table'],
  },
  {
    name: "a format that jf has not, called as jf",
    calledAs: "jf",
    args: [...atc, "--format=xml"],
    code: 1,
    stderr: ['error: Invalid value "xml" for --format: it must be json or table'],
  },
  {
    name: "a long description",
    args: [...atc, "--description", "🚀".repeat(1025)],
    code: 2,
    stderr: [
      "error: [WILDCARD] for --description: it must be no longer than 1024 characters, not 1025",
    ],
  },
  {
    name: "a long scope",
    args: [...atc, "--scope", "s".repeat(501)],
    code: 2,
    stderr: ["error: [WILDCARD] for the scope: it must be no longer than 500 characters, not 501"],
  },
  {
    name: "an option without its value",
    args: [...atc, "alice", "--description"],
    code: 2,
    stderr: ["error: [WILDCARD]argument missing", "hint: [WILDCARD]"],
  },
  {
    name: "an option nobody knows, after an argument",
    args: [...atc, "alice", "--nope"],
    code: 2,
    stderr: ['error: Unknown option "--nope"', "hint: [WILDCARD]"],
  },
  {
    name: "a url with credentials in it",
    args: ["atc", "--url", "https://admin:CanaryAdminPassword1@127.0.0.1", "--access-token-stdin"],
    code: 2,
    stderr: [
      'error: Invalid value "…@127.0.0.1" for --url: it must be a url without user and [WILDCARD]',
    ],
  },
  {
    name: "an access token that can't stand in a header",
    args: ["atc", "--url", "URL"],
    env: { JFROG_CLI_ACCESS_TOKEN: "ADMIN more" },
    code: 2,
    stderr: ["error: The access token of the environment is none: there are spaces, [WILDCARD]"],
  },
  {
    name: "a url of another kind",
    args: ["atc", "--url", "ftp://acme.example", "--access-token-stdin"],
    code: 2,
    stderr: ['error: Invalid value "ftp://acme.example" for --url: it must be an http[WILDCARD]'],
  },
  {
    name: "two secrets on one standard input",
    args: [...atc, "--password-stdin"],
    code: 2,
    stderr: [
      "error: --access-token-stdin and --password-stdin do not go together",
      "hint: [WILDCARD]",
    ],
  },
  {
    name: "an empty standard input",
    args: atc,
    stdin: " \n",
    code: 2,
    stderr: ["error: There is no access-token on standard input", "hint: [WILDCARD]"],
  },
  {
    name: "a configuration that is no JSON",
    args: ["atc"],
    config: '{"servers":[{"accessToken":"ADMIN"',
    code: 2,
    stderr: [
      "error: Invalid JFrog configuration file [WILDCARD]: it is not valid JSON",
      "hint: [WILDCARD]",
    ],
  },
  {
    name: "a configuration of a newer program",
    args: ["atc"],
    config: '{"servers":[],"version":"7"}',
    code: 3,
    stderr: ["error: JFrog configuration file [WILDCARD] has version 7, of a newer [WILDCARD]"],
  },
  {
    name: "secrets that another key encrypted",
    args: ["atc"],
    config:
      '{"servers":[{"serverId":"a","accessToken":"AAECAwQFBgcICQoLnBqzv5YQOc/JegXPQ2Tjth9b4Tq7zwTw"}],"enc":true}',
    env: { JFROG_CLI_ENCRYPTION_KEY: "another key with exactly 32 byte" },
    code: 4,
    stderr: ["error: Cannot decrypt servers[0].accessToken in [WILDCARD]"],
  },
  {
    name: "a client certificate that is not there",
    args: [...atc, "--client-cert-path", "/nowhere/cert.pem"],
    code: 6,
    stderr: ["error: File /nowhere/cert.pem does not exist"],
  },
].map((one) => ({ stdin: "ADMIN", ...one })) as AccessCase[]; // calledAs is a word, not any text

const shared = shareAccessStage();

for (const one of early) {
  test(
    `refused before it is sent: ${one.name}`,
    shared.use((stage) => stage.play(one)),
  );
}

test("what was printed and left behind holds no secret", shared.end);
