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
  /** Whether the site's router answers. */
  routerAnswers(): Promise<boolean>;
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
        return rendered ?? await unrenderedLink(resource);
      case "RouterAccess":
        return rendered;
    }
  };

  async function siteStatus(
    site: Site,
    rendered: BaseStatus | undefined,
  ): Promise<NonNullable<Site["status"]>> {
    const since = await renderedAt();
    const listeners = await readLinkListeners(paths, sources.platform(), signal);
    const endpoints = site.spec?.edge ? [] : linkEndpoints(listeners);
    const start = await startCommand(paths, sources.platform().name);
    const { endpoints: _, conditions: before, ...facts } = rendered as Site["status"] ?? {}; // a Site's
    const states: [string, ConditionState][] = [
      [
        "Configured",
        rendered === undefined ? pendingState(`Not started, "${start}" does it`) : readyState,
      ],
      [
        "Running",
        await sources.routerAnswers()
          ? readyState
          : pendingState(`The router is not running, "${start}" starts it`),
      ],
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

  async function unrenderedLink(link: Link): Promise<BaseStatus> {
    const start = await startCommand(paths, sources.platform().name);
    const state = pendingState(`Not taken up by the router yet, "${start}" has it do so`);
    return summarize(link, [condition("Configured", state, await renderedAt())]);
  }

  /**
   * When the router was given its present configuration; a state read twice must name the same
   * time.
   */
  async function renderedAt(): Promise<string> {
    const file = join(paths.runtimeRouter, "skrouterd.json");
    return formatTime(await stat(file).then(({ mtimeMs }) => mtimeMs, () => 0));
  }
}

/** The condition, with upstream's time where it says the same. */
function keep(before: Condition[] | undefined, now: Condition): Condition {
  const same = before?.find(({ type, status }) => type === now.type && status === now.status);
  return same === undefined ? now : { ...now, lastTransitionTime: same.lastTransitionTime };
}
