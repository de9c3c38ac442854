import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type ConditionState,
  formatTime,
  pendingState,
  readyState,
} from "../../../src/controller/conditions.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import type { Link } from "../../../src/resources/link.ts";
import type { BaseStatus, Condition } from "../../../src/resources/resource.ts";
import { type Site, siteIssuer, wantsLinkAccess } from "../../../src/resources/site.ts";
import { describeDown, type LinkState } from "../../../src/router/link_state.ts";
import type { RouterView } from "../../../src/router/router_view.ts";
import { linkEndpoints } from "./link_endpoints.ts";
import { readLinkListeners } from "./link_listeners.ts";
import type { NamespacePaths } from "../paths.ts";
import { condition, summarize } from "./site_status.ts";
import { startCommand } from "../started_namespace.ts";
import type { StoreHooks } from "../store/store_hooks.ts";

/** What the status of a started namespace's resources is told from, beside what upstream wrote. */
export interface StartedSources {
  paths: NamespacePaths;
  /** The namespace's store. */
  platform(): Platform;
  /** How it stands with the site's router; undefined where nobody is to ask it. */
  router(): Promise<RouterView | undefined>;
}

/**
 * Corrects what upstream says of the resources of a namespace it started: its Site is Ready once
 * written, whether a router runs or not, with endpoints that lead nowhere; of a Link it has not
 * taken up yet it says nothing (docs/spec/skupper-system-sites.md 2, 4).
 */
export function startedStatus(sources: StartedSources): NonNullable<StoreHooks["correctStatus"]> {
  const { paths } = sources;
  const { signal } = new AbortController(); // reading a few files is not worth interrupting
  return async (resource, rendered) => {
    switch (resource.kind) {
      case "Site":
        return await siteStatus(resource, rendered);
      case "Link":
        return await linkStatus(resource, rendered);
      case "RouterAccess":
        return rendered;
    }
  };

  async function siteStatus(
    site: Site,
    rendered: BaseStatus | undefined,
  ): Promise<NonNullable<Site["status"]>> {
    const since = await renderedAt(paths);
    const listeners = await readLinkListeners(paths, sources.platform(), signal);
    const endpoints = site.spec?.edge ? [] : linkEndpoints(listeners);
    const start = await startCommand(paths, sources.platform().name);
    const { endpoints: _, conditions: before, ...facts } = rendered as Site["status"] ?? {}; // a Site's
    const states: [string, ConditionState][] = [
      [
        "Configured",
        rendered === undefined ? pendingState(`Not started, "${start}" does it`) : readyState,
      ],
      ["Running", runningState(await sources.router(), start)],
    ];
    if (!site.spec?.edge && (wantsLinkAccess(site) || listeners.length > 0)) {
      const known = endpoints.length > 0 ? readyState : pendingState(
        "No address that remote sites can reach is known, give one with --link-host",
      );
      states.push(["Resolved", known]);
    }
    const conditions = states.map(([type, state]) => keep(before, condition(type, state, since)));
    return {
      ...facts,
      ...summarize(site, conditions),
      ...(endpoints.length > 0 ? { endpoints } : {}),
      defaultIssuer: siteIssuer,
    };
  }

  /** What the router says of a link is right, whatever upstream wrote when it last looked. */
  async function linkStatus(link: Link, rendered: BaseStatus | undefined): Promise<BaseStatus> {
    const start = await startCommand(paths, sources.platform().name);
    const since = await renderedAt(paths);
    const view = await sources.router();
    const told = view?.links.get(link.metadata.name);
    const isKnown = view?.state === "running" ? told !== undefined : rendered !== undefined;
    const configured = isKnown || (view !== undefined && view.state !== "running")
      ? readyState
      : pendingState(`Not taken up by the router yet, "${start}" has it do so`);
    if (view === undefined) {
      return rendered ?? summarize(link, [condition("Configured", configured, since)]);
    }
    const { conditions: before, ...facts } = rendered as Link["status"] ?? {}; // a Link's
    const conditions = [keep(before, condition("Configured", configured, since))];
    if (configured.status === "True") conditions.push(operational(view, told, start, since));
    const { id, name } = told?.remoteSite ?? {};
    return {
      ...facts,
      ...(id === undefined ? {} : { remoteSiteId: id }),
      ...(name === undefined ? {} : { remoteSiteName: name }),
      ...summarize(link, conditions),
    } as BaseStatus;
  }
}

/**
 * When the router was given its present configuration; a state read twice must name the same time.
 */
async function renderedAt(paths: NamespacePaths): Promise<string> {
  const file = join(paths.runtimeRouter, "skrouterd.json");
  return formatTime(await stat(file).then(({ mtimeMs }) => mtimeMs, () => 0));
}

/** Whether the router runs, as far as it can be seen. */
function runningState(view: RouterView | undefined, start: string): ConditionState {
  if (view === undefined || view.state === "running" || view.seen) return readyState;
  return view.state === "stopped"
    ? pendingState(`The router is not running, "${start}" starts it`)
    : unknownState(`It is not known whether the router runs: ${view.why}`);
}

/** Whether a link works, as the router says; `since` is when it was given its configuration. */
function operational(
  view: RouterView,
  told: LinkState | undefined,
  start: string,
  since: string,
): Condition {
  if (told?.state === "operational") {
    return condition("Operational", readyState, told.since ?? since);
  }
  const state = view.state === "running"
    ? pendingState(whyDown(told))
    : view.state === "stopped"
    ? pendingState(`The router is not running, "${start}" starts it`)
    : unknownState(`The router can't be asked: ${view.why}`);
  return condition("Operational", state, since);
}

function whyDown(told: LinkState | undefined): string {
  const why = told && describeDown(told);
  if (why === undefined) return "Not operational";
  return why === told?.message ? why : `Not operational: ${why}`;
}

function unknownState(message: string): ConditionState {
  return { status: "Unknown", reason: "Unknown", message };
}

/** The condition, with upstream's time where it says the same. */
function keep(before: Condition[] | undefined, now: Condition): Condition {
  const same = before?.find(({ type, status }) => type === now.type && status === now.status);
  return same === undefined ? now : { ...now, lastTransitionTime: same.lastTransitionTime };
}
