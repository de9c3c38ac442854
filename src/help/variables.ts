/** A variable of the environment that the program reads. */
export interface Variable {
  name: string;
  meaning: string;
  /** The option it stands in for, and the first word of the commands that have it so. */
  option?: { flag: string; of: string[] };
}

const asking = ["access-token-create", "exchange-oidc-token", "access-token"];

/** Every variable of the environment that the program reads. */
export const variables: Variable[] = [
  {
    name: "SKUPPER_PLATFORM",
    meaning: "the platform, where neither -p nor the namespace says it",
    option: { flag: "--platform", of: ["site", "token", "link", "grant", "controller", "version"] },
  },
  { name: "HAWSER_DATA_HOME", meaning: "the data home of Docker, Podman and Linux" },
  { name: "XDG_DATA_HOME", meaning: "holds the data home of users other than root" },
  {
    name: "HAWSER_REAL_JF",
    meaning: "called as jf: the program, or `auto`, that gets the commands that are not here",
  },
  { name: "HAWSER_REAL_SKUPPER", meaning: "called as skupper: the same" },
  {
    name: "HAWSER_HANDED_OVER",
    meaning: "set for a program that got a command: how often that was done, so that it ends",
  },
  {
    name: "PATH",
    meaning: "where `auto` looks for that program, and where plugins for credentials are",
  },
  {
    name: "HAWSER_UNDO_FILE",
    meaning:
      "a file to which `token issue` and what makes JFrog tokens add the command that takes it back",
  },
  { name: "GITHUB_OUTPUT", meaning: "the file of `--to github-output`" },
  { name: "GITHUB_ENV", meaning: "the file of `--to github-env`" },
  { name: "GITHUB_ACTIONS", meaning: "`true`: what `--to` hands over is masked in the job's log" },
  { name: "HAWSER_EXIT_CODES", meaning: "`1`: called as jf, end with the exit codes of hawser" },
  {
    name: "KUBECONFIG",
    meaning: "the kubeconfig files, separated by colons; by default ~/.kube/config",
    option: { flag: "--kubeconfig", of: ["site", "token", "link", "grant", "controller"] },
  },
  { name: "KUBERNETES_SERVICE_HOST", meaning: "set in a Pod: the API server to use there" },
  { name: "KUBERNETES_SERVICE_PORT", meaning: "its port" },
  { name: "DOCKER_HOST", meaning: "the socket of the container engine (docker)" },
  { name: "CONTAINER_ENDPOINT", meaning: "the socket of the container engine (docker, podman)" },
  { name: "CONTAINER_HOST", meaning: "the same (podman)" },
  { name: "DOCKER_CONTEXT", meaning: "the context of Docker that names the socket" },
  { name: "DOCKER_CONFIG", meaning: "the folder of Docker's configuration" },
  { name: "XDG_RUNTIME_DIR", meaning: "holds the sockets of the user's Podman and systemd" },
  { name: "SYSTEMD_OFFLINE", meaning: "`1`: the controller is a process, and no unit of systemd" },
  {
    name: "NOTIFY_SOCKET",
    meaning: "set by systemd: where the controller reports that it is ready",
  },
  {
    name: "JFROG_CLI_URL",
    meaning: "the platform's url",
    option: { flag: "--url", of: asking },
  },
  {
    name: "JFROG_CLI_SERVER_ID",
    meaning: "a configured server, or the name that config add gives",
    option: { flag: "--server-id", of: asking },
  },
  {
    name: "JFROG_CLI_ACCESS_TOKEN",
    meaning: "the access token to ask with",
    option: { flag: "--access-token", of: asking },
  },
  {
    name: "JFROG_CLI_USER",
    meaning: "the user to ask as",
    option: { flag: "--user", of: asking },
  },
  {
    name: "JFROG_CLI_PASSWORD",
    meaning: "that user's password",
    option: { flag: "--password", of: asking },
  },
  {
    name: "JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID",
    meaning: "the id token to exchange",
    option: { flag: "--oidc-token-id", of: ["exchange-oidc-token", "config"] },
  },
  {
    name: "JFROG_CLI_OIDC_PROVIDER_TYPE",
    meaning: "the type of the OIDC provider",
    option: { flag: "--oidc-provider-type", of: ["exchange-oidc-token", "config"] },
  },
  {
    name: "JFROG_CLI_APPLICATION_KEY",
    meaning: "the JFrog application a token is for",
    option: { flag: "--application-key", of: ["exchange-oidc-token", "config"] },
  },
  {
    name: "JFROG_CLI_BUILD_PROJECT",
    meaning: "the project, sent with an id token",
    option: { flag: "--project", of: ["exchange-oidc-token"] },
  },
  {
    name: "JFROG_CLI_CI_VCS_URL",
    meaning: "the repository, sent with an id token",
    option: { flag: "--repository", of: ["exchange-oidc-token"] },
  },
  { name: "JFROG_CLI_CI_VCS_REVISION", meaning: "the revision, sent with an id token" },
  { name: "JFROG_CLI_CI_BRANCH", meaning: "the branch, sent with an id token" },
  { name: "JFROG_CLI_CI_JOB_ID", meaning: "the job, sent with an id token" },
  { name: "JFROG_CLI_CI_RUN_ID", meaning: "the run, sent with an id token" },
  { name: "JFROG_CLI_HOME_DIR", meaning: "the folder of jf's configuration; by default ~/.jfrog" },
  {
    name: "JFROG_CLI_ENCRYPTION_KEY",
    meaning: "the key of an encrypted configuration, or its file",
  },
  { name: "JFROG_CLI_USER_AGENT", meaning: "the User-Agent of requests to JFrog" },
  {
    name: "JFROG_CLI_ERROR_OUTPUT_FORMAT",
    meaning: "`json`: called as jf, print what a server refused as JSON on stdout",
  },
  {
    name: "JFROG_CLI_LOG_LEVEL",
    meaning: "`DEBUG` or `VERBOSE`: as `--verbose`; `WARN` or `ERROR`: no progress",
  },
  {
    name: "NODE_TLS_REJECT_UNAUTHORIZED",
    meaning: "has no effect: `--insecure-tls` does without the check of a certificate",
  },
  { name: "CI", meaning: "set: ask nothing, and print no secret into the job's log unasked" },
  { name: "GITLAB_CI", meaning: "set: print no secret into the job's log unasked" },
  { name: "TF_BUILD", meaning: "the same, of Azure Pipelines" },
  { name: "JENKINS_URL", meaning: "the same, of Jenkins" },
  { name: "HTTPS_PROXY", meaning: "the proxy for https urls; also in lower case" },
  { name: "HTTP_PROXY", meaning: "the proxy for http urls; only in lower case where CGI runs us" },
  { name: "NO_PROXY", meaning: "hosts that no proxy is used for; also in lower case" },
  { name: "REQUEST_METHOD", meaning: "set by a web server: HTTP_PROXY may be a client's" },
  { name: "SSL_CERT_FILE", meaning: "the authorities that are trusted, in place of the system's" },
  { name: "SSL_CERT_DIR", meaning: "a folder of such" },
  { name: "NODE_EXTRA_CA_CERTS", meaning: "a file of authorities that are trusted too" },
  { name: "HOME", meaning: "the user's home" },
  { name: "USERPROFILE", meaning: "the same on Windows" },
  { name: "XDG_CONFIG_HOME", meaning: "holds the units of the user's systemd" },
  { name: "USER", meaning: "the user's name, for the hint of loginctl" },
  { name: "HOSTNAME", meaning: "in a Pod: its name, which the replica goes by" },
  { name: "NO_COLOR", meaning: "set: progress is shown without steering the terminal" },
  { name: "TERM", meaning: "`dumb`: the same" },
];

/** The variable that stands in for that option of a command. */
export function variableOf(words: string, flag: string | undefined): string | undefined {
  const [first] = words.split(" ");
  const isOf = (option: Variable["option"]) => option?.flag === flag && option?.of.includes(first!);
  return variables.find(({ option }) => isOf(option))?.name;
}
