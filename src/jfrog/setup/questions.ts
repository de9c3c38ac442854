import { givesCredentials, isInsecure } from "../config/entry.ts";
import { appError, isAppError } from "../../errors/app_error.ts";
import { isApiKey } from "../access_server.ts";
import { usernameIn } from "../jwt.ts";
import type { Server } from "../server.ts";
import type { Asker, Dialogue } from "./dialogue.ts";

/**
 * Asks for the fields of a server that are not given, with jf's questions (docs/spec/jfrog.md 4.1).
 * An empty line takes what `before` holds. Throws `answer-missing` where stdin ends.
 */
export async function askForServer(
  { ask }: Dialogue,
  before: Server,
  given: Server,
  options: { services: boolean; hasOtherLogin: boolean },
): Promise<Server> {
  const answered: Server = { ...given };
  if (given.url === undefined) {
    answered.url = await ask.line({
      text: "JFrog Platform URL",
      standard: before.url,
      option: "--url",
    });
  }
  if (options.services) await askForServices(ask, before, answered);
  const isGiven = givesCredentials(given) || Boolean(given.clientCertPath) || options.hasOtherLogin;
  if (!isGiven) await askForCredentials(ask, before, answered);
  return answered;
}

/** Urls of services, with what people and options call them. */
export const services = [
  ["artifactoryUrl", "Artifactory", "--artifactory-url"],
  ["distributionUrl", "Distribution", "--distribution-url"],
  ["xrayUrl", "Xray", "--xray-url"],
  ["missionControlUrl", "Mission Control", "--mission-control-url"],
  ["pipelinesUrl", "Pipelines", "--pipelines-url"],
] as const;

async function askForServices(ask: Asker, before: Server, answered: Server): Promise<void> {
  for (const [name, service, option] of services) {
    if (answered[name] !== undefined) continue;
    const text = `JFrog ${service} URL`;
    const answer = await ask.line({ text, standard: before[name], option });
    if (answer !== "" && answer !== before[name]) answered[name] = answer;
  }
}

async function askForCredentials(ask: Asker, before: Server, answered: Server): Promise<void> {
  if (/^ssh:/i.test(answered.url ?? "")) return await askForSshKey(ask, before, answered);
  const methods = [
    ["Access Token", askForToken],
    ["Username and Password / Reference token", askForPassword],
    ["Mutual TLS", askForCertificate],
  ] as const;
  const hasSome = givesCredentials(before) || Boolean(before.clientCertPath);
  const kept = hasSome ? ["As it is"] : [];
  const question = {
    text: "Select one of the following authentication methods:",
    option: "--access-token-stdin, --user with --password-stdin, or --client-cert-path",
  };
  const chosen = await ask.choose(question, [...kept, ...methods.map(([name]) => name)]);
  const method = methods[chosen - kept.length];
  if (method !== undefined) await method[1](ask, before, answered);
}

async function askForToken(ask: Asker, before: Server, answered: Server): Promise<void> {
  const option = "--access-token-stdin";
  const accessToken = await ask.secret({ text: "JFrog access token", option });
  if (accessToken === "") {
    throw appError("answer-missing", { question: "JFrog access token", option });
  }
  answered.accessToken = accessToken;
  // a reference token names no user, and package managers need one
  if (answered.user || isApiKey(accessToken) || usernameIn(accessToken)) return;
  const user = await ask.line({
    text: "JFrog username (optional)",
    standard: before.user ?? "",
    option: "--user",
  }).catch((error) => {
    // nobody has to answer this one
    if (isAppError(error, "answer-missing")) return "";
    throw error;
  });
  if (user !== "") answered.user = user;
}

async function askForPassword(ask: Asker, before: Server, answered: Server): Promise<void> {
  answered.user ??= await ask.line({
    text: "JFrog username",
    standard: before.user,
    option: "--user",
  });
  const question = { text: "JFrog password or Reference Token", option: "--password-stdin" };
  const password = await ask.secret(question);
  // a saved password is for the server and the user it was given for
  const isSame = (!answered.url || answered.url === before.url) && answered.user === before.user;
  if (password !== "") answered.password = password;
  else if (!isSame || !before.password) {
    throw appError("answer-missing", { question: question.text, option: question.option });
  }
}

async function askForCertificate(ask: Asker, before: Server, answered: Server): Promise<void> {
  answered.clientCertPath = await ask.line({
    text: "Client certificate file path",
    standard: before.clientCertPath,
    option: "--client-cert-path",
  });
  answered.clientCertKeyPath ??= await ask.line({
    text: "Client certificate key path",
    standard: before.clientCertKeyPath,
    option: "--client-cert-key-path",
  });
}

async function askForSshKey(ask: Asker, before: Server, answered: Server): Promise<void> {
  const sshKeyPath = await ask.line({
    text: "SSH key file path (optional)",
    standard: before.sshKeyPath,
    option: "--ssh-key-path",
  });
  if (sshKeyPath === "") return;
  answered.sshKeyPath = sshKeyPath;
  const passphrase = await ask.secret({
    text: "SSH key passphrase (optional)",
    option: "--ssh-passphrase",
  });
  if (passphrase !== "") answered.sshPassphrase = passphrase;
}

/**
 * Asks whether http is meant, where it leaves this machine; warns where nobody is asked. Throws
 * `jfrog-server-invalid` where it is not, and `answer-missing`.
 */
export async function confirmInsecure(
  { ask, isInteractive, surroundings }: Dialogue,
  server: Server,
): Promise<void> {
  if (!isInsecure(server)) return;
  if (!isInteractive) {
    return surroundings.warn(
      "The server's url is http, not https: credentials can be read on the way",
    );
  }
  const isMeant = await ask.confirm({
    text:
      "Your JFrog URL uses an insecure HTTP connection, instead of HTTPS. Are you sure you want to continue?",
    option: "an https url, or --interactive=false",
  });
  if (!isMeant) throw appError("jfrog-server-invalid", { why: "The http url was not confirmed" });
}
