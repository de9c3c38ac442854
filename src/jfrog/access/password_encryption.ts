import { appError } from "../../errors/app_error.ts";
import type { Deadline } from "../../wait/deadline.ts";
import { ask } from "./exchange.ts";
import { type AccessServer, type AccessSurroundings, secretsIn } from "../access_server.ts";
import { describeFailedAnswer } from "./failed_answer.ts";

const path = "api/security/encryptedPassword";

/**
 * The password as Artifactory, whose url and credentials `server` has, encrypts it: it is as good
 * as the password there (docs/spec/jfrog.md 4.1). Throws what `ask` and `describeFailedAnswer`
 * throw, `password-encryption-off` where the server is told not to, and `access-answer-invalid` for
 * an answer that is no password.
 */
export async function encryptPassword(
  server: AccessServer,
  surroundings: AccessSurroundings,
  deadline: Deadline,
): Promise<string> {
  const answer = await ask(server, { method: "GET", path }, surroundings, deadline);
  const url = server.url + path;
  if (answer.status === 409) throw appError("password-encryption-off", { url });
  if (answer.status !== 200) {
    throw describeFailedAnswer(answer, url, secretsIn(server.credentials));
  }
  const password = answer.body.toString("utf8").trim();
  if (/^[^\s<>{}]+$/.test(password)) return password;
  const remedy = "Look at the url, or do without: --enc-password=false.";
  throw appError("access-answer-invalid", { url, why: "it is no encrypted password", remedy });
}
