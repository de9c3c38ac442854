import type { CommandContext } from "../../cli/context.ts";
import { leaf } from "../../cli/leaf.ts";
import { timeoutOption } from "../../cli/options.ts";
import { escapeControls } from "../../cli/printable.ts";
import { nameOfKind, qualifiedName } from "../../cli/resource_names.ts";
import type { Runner } from "../../cli/runner.ts";
import { type AppError, appError } from "../../errors/app_error.ts";
import type { PlatformWithAbilities } from "../../platform/abilities.ts";
import type { Link } from "../../resources/link.ts";
import { hostAndPort } from "../../resources/resource.ts";
import { lackingCredentials } from "../../resources/secret.ts";
import type { EndpointCheck } from "../../token/link_check.ts";
import { linkStateOf } from "../../router/linked.ts";
import { describeDown, type LinkState } from "../../router/link_state.ts";
import { linkWords } from "../../router/router_words.ts";
import type { RouterView } from "../../router/router_view.ts";
import { namedLink } from "./named_link.ts";

interface LinkCheck {
  link: string;
  endpoints: EndpointCheck[];
  /** What its credentials lack, without which nothing is tried. */
  lacks?: string;
  /** What the site's router says of the link, where there is one to ask. */
  router?: LinkState;
}

/**
 * `link check [name]`: exit code 8 or 4 if an endpoint fails, with every endpoint's steps on
 * stdout.
 */
export function linkCheck(run: Runner) {
  return leaf("check", "Try the endpoints of a link with its credentials, step by step", {
    formats: ["name"],
  })
    .argument("[name]", "check this link only", nameOfKind("Link"))
    .addOption(timeoutOption("60s"))
    .action(run({ text, names, failure }, check));
}

async function check(context: CommandContext, name: string | undefined): Promise<LinkCheck[]> {
  const platform = await context.platform();
  const links = name === undefined
    ? await platform.list("Link", context.signal)
    : [await namedLink(platform, name, context)];
  if (links.length > 0) context.progress("Connecting...");
  const [checks, view] = await Promise.all([
    Promise.all(links.map((link) => checkOne(platform, link, context.signal))),
    links.length > 0 ? platform.routerProbe?.view(context.signal) : undefined,
  ]);
  return checks.map((check) => ({ ...check, ...routerOf(check.link, view) }));
}

function routerOf(link: string, view: RouterView | undefined): Pick<LinkCheck, "router"> {
  if (view === undefined) return {};
  return {
    router: view.state === "stopped"
      ? { state: "unknown", message: "no router runs for this site" }
      : linkStateOf(link, view),
  };
}

async function checkOne(
  platform: PlatformWithAbilities,
  link: Link,
  signal: AbortSignal,
): Promise<LinkCheck> {
  const { name } = link.metadata;
  const credentials = link.spec?.tlsCredentials ?? "";
  const secret = await platform.get("Secret", credentials, signal);
  const lacks = lackingCredentials(secret, credentials);
  if (secret === undefined || lacks !== undefined) {
    return { link: name, endpoints: [], ...(lacks === undefined ? {} : { lacks }) };
  }
  const { checkLink } = await import("../../token/link_check.ts");
  return { link: name, endpoints: await checkLink(link, secret, signal) };
}

/** What stands in the way of a link: what its check found, or else what its router says. */
function failure(checks: LinkCheck[]): AppError | undefined {
  for (const { link, endpoints, lacks, router } of checks) {
    if (lacks !== undefined) return appError("link-credentials-missing", { link, why: lacks });
    for (const { name, host, port, ok, steps } of endpoints) {
      if (ok) continue;
      const { step, detail } = steps.at(-1)!;
      const endpoint = `${name} ${hostAndPort(host, port)}`;
      return step === "certificate"
        ? appError("link-refused", { link, endpoint, why: detail })
        : appError("link-unreachable", { link, why: `${endpoint}, step ${step}: ${detail}` });
    }
    // a router that has not tried yet says nothing
    if (router?.state !== "down" || router.message === undefined) continue;
    return appError("link-down", { link, why: describeDown(router)! });
  }
  return undefined;
}

function names(checks: LinkCheck[]): string[] {
  return checks.map(({ link }) => qualifiedName("Link", link));
}

function text(checks: LinkCheck[]): string {
  if (checks.length === 0) return "There are no link resources in the namespace.";
  return checks.map(describe).join("\n");
}

function describe({ link, endpoints, lacks, router }: LinkCheck): string {
  const lines = [`Link "${link}"`];
  if (lacks !== undefined) lines.push(`  FAILED credentials: ${lacks}`);
  if (router !== undefined) {
    lines.push(`  router: ${linkWords(router)}`);
    if (router.fault !== undefined) lines.push(`    it says: ${router.message}`);
  }
  for (const { name, host, port, steps, warning } of endpoints) {
    lines.push(`  ${name} ${hostAndPort(host, port)}`);
    for (const { step, ok, detail } of steps) {
      lines.push(`    ${ok ? "ok    " : "FAILED"} ${step}: ${detail}`);
    }
    if (warning !== undefined) lines.push(`    warning: ${warning}`);
  }
  return `${lines.map(escapeControls).join("\n")}\n`;
}
