import { createHash } from "node:crypto";
import { relativeTime } from "../wait/duration.ts";
import type { NamespaceOverview, PageFacts, RecentEvent, Standing } from "./overview_facts.ts";

const style = `
:root { color-scheme: light dark; --line: #d0d7de; --dim: #59636e; --good: #1a7f37; --bad: #b42318;
  --wait: #9a6700; --card: #f6f8fa }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --dim: #9198a1; --good: #3fb950;
  --bad: #ff7b72; --wait: #d29922; --card: #151b23 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem }
p { margin: .2rem 0; overflow-wrap: anywhere } .dim { color: var(--dim) }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  margin: .8rem 0; overflow-x: auto; padding: .6rem .9rem }
section h2 { margin-top: 0 } table { border-collapse: collapse; width: 100% }
th { color: var(--dim); font-weight: 500; text-align: left }
td, th { border-top: 1px solid var(--line); padding: .25rem .8rem .25rem 0; vertical-align: top;
  overflow-wrap: break-word } tr:first-child > th { border-top: 0 }
.good { color: var(--good) } .bad { color: var(--bad) } .wait { color: var(--wait) }
.problems { border-color: var(--bad) } ul { margin: .2rem 0; padding-left: 1.2rem }
`;

/** The policy the page is sent with: it loads nothing, and runs nothing. */
export const pagePolicy: string = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; " +
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/** The page for people: HTML that needs no script, with everything from outside escaped. */
export function renderPage(facts: PageFacts, now: number): string {
  const { namespaces, more, grantUrl, recent } = facts;
  const problems = problemsOf(facts);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hawser: ${problems.length === 0 ? "all is well" : `${problems.length} to look at`}</title>
<style>${style}</style>
</head>
<body>
<h1>hawser</h1>
<p class="dim">Tokens are redeemed at ${escape(grantUrl)}</p>
${problemList(problems, waitingOf(namespaces))}
${namespaces.map((one) => namespaceSection(one, now)).join("\n")}
${more === 0 ? "" : `<p class="dim">There are ${more} more namespaces.</p>`}
${namespaces.length === 0 ? `<p class="dim">There is no namespace yet.</p>` : ""}
${recentSection(recent, now)}
</body>
</html>
`;
}

function problemsOf({ clock, certificate, damagedLedgers, namespaces }: PageFacts): string[] {
  const problems: string[] = [];
  if (clock !== undefined) problems.push(`The clock looks wrong: ${clock}`);
  if (certificate !== undefined) problems.push(`The grant service's certificate: ${certificate}`);
  if (damagedLedgers > 0) {
    problems.push(`${damagedLedgers} access grants are closed because their ledgers are damaged`);
  }
  for (const { namespace, problem, sites, grants, links, tokens } of namespaces) {
    const tell = (kind: string, { name, status, message }: Standing) =>
      problems.push(`${kind} ${name} in ${namespace}: ${message || status}`);
    if (problem !== undefined) problems.push(`Namespace ${namespace} can't be read: ${problem}`);
    for (
      const [kind, all] of [
        ["Site", sites],
        ["Access grant", grants],
        ["Link", links],
        ["Access token", tokens],
      ] as const
    ) {
      all.filter(({ status }) => toneOf(status) === "bad").forEach((one) => tell(kind, one));
    }
  }
  return problems;
}

/** How many resources are pending, in words; empty if none is. */
function waitingOf(namespaces: NamespaceOverview[]): string {
  const kinds = [
    ["site", namespaces.flatMap(({ sites }) => sites)],
    ["access grant", namespaces.flatMap(({ grants }) => grants)],
    ["link", namespaces.flatMap(({ links }) => links)],
    ["access token", namespaces.flatMap(({ tokens }) => tokens)],
  ] as const;
  return kinds
    .map(([kind, all]) => [kind, all.filter(({ status }) => toneOf(status) === "wait").length])
    .filter(([, count]) => count !== 0)
    .map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`)
    .join(", ");
}

function problemList(problems: string[], waiting: string): string {
  if (problems.length === 0) {
    return waiting === ""
      ? `<p class="good">All is well.</p>`
      : `<p class="wait">Nothing is wrong. Pending: ${waiting}.</p>`;
  }
  const items = problems.map((problem) => `<li>${escape(problem)}</li>`).join("");
  return `<section class="problems"><h2>To look at</h2><ul>${items}</ul></section>`;
}

function namespaceSection(
  { namespace, sites, grants, links, tokens }: NamespaceOverview,
  now: number,
): string {
  const site = sites.map((one) => `${escape(one.name)} ${badge(one.status)}`).join(", ");
  const parts = [
    `<h2>${escape(namespace)}</h2>`,
    `<p>Site: ${site === "" ? `<span class="dim">none</span>` : site}</p>`,
    grid(
      ["Access grant", "Status", "Uses", "Expires"],
      grants.map((grant) => [
        escape(grant.name),
        state(grant),
        `${grant.redemptions} of ${grant.redemptionsAllowed}`,
        grant.expirationTime === undefined ? "" : when(grant.expirationTime, now),
      ]),
    ),
    grid(["Link", "Status"], links.map((link) => [escape(link.name), state(link)])),
    grid(["Access token", "Status"], tokens.map((token) => [escape(token.name), state(token)])),
  ];
  return `<section>${parts.filter((part) => part !== "").join("\n")}</section>`;
}

function recentSection(recent: readonly RecentEvent[], now: number): string {
  if (recent.length === 0) return "";
  const rows = recent.map((event) => [
    when(new Date(event.timeMs).toISOString(), now),
    badge(event.event),
    escape([event.namespace, event.grant ?? event.uid].filter((part) => part).join("/")),
    escape(event.name ?? ""),
    escape(event.address ?? ""),
    escape(event.reason ?? ""),
  ]);
  const titles = ["When", "What", "Access grant", "Token", "From", "Why"];
  return `<section><h2>Last redemptions and refusals</h2>${grid(titles, rows)}</section>`;
}

/** A table of cells that are HTML; nothing where there is no row. */
function grid(titles: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const head = titles.map((title) => `<th>${title}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<table><tr>${head}</tr>${body.join("")}</table>`;
}

function state({ status, message }: Standing): string {
  return message === "" || message === status
    ? badge(status)
    : `${badge(status)} <span class="dim">${escape(message)}</span>`;
}

function badge(status: string): string {
  return `<span class="${toneOf(status)}">${escape(status)}</span>`;
}

/** How a status is meant; those that are neither good nor bad are over, and dim. */
function toneOf(status: string): "good" | "bad" | "wait" | "dim" {
  if (["Ready", "redeemed", "issued", "repeated"].includes(status)) return "good";
  if (["Error", "Not Ready", "refused", "undelivered"].includes(status)) return "bad";
  return status === "Pending" ? "wait" : "dim";
}

function when(time: string, now: number): string {
  return `<time datetime="${escape(time)}" title="${escape(time)}">${
    escape(relativeTime(time, now))
  }</time>`;
}

/** Text as HTML shows it, in an attribute too; what could deceive its reader becomes a sign. */
function escape(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
