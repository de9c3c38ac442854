import type { Runner } from "../cli/runner.ts";
import { controllerRestart } from "./controller/restart.ts";
import { controllerManifest } from "./controller/manifest.ts";
import { controllerRun } from "./controller/run.ts";
import { controllerStart } from "./controller/start.ts";
import { controllerStatus } from "./controller/status.ts";
import { controllerStop } from "./controller/stop.ts";
import { grantList } from "./grant/list.ts";
import { grantRevoke } from "./grant/revoke.ts";
import { linkCheck } from "./link/check.ts";
import { linkDelete } from "./link/delete.ts";
import { linkGenerate } from "./link/generate.ts";
import { linkStatus } from "./link/status.ts";
import { linkUpdate } from "./link/update.ts";
import { siteCreate } from "./site/create.ts";
import { siteDelete } from "./site/delete.ts";
import { siteGenerate } from "./site/generate.ts";
import { siteStatus } from "./site/status.ts";
import { siteUpdate } from "./site/update.ts";
import { tokenInspect } from "./token/inspect.ts";
import { tokenIssue } from "./token/issue.ts";
import { tokenRedeem } from "./token/redeem.ts";
import { versionCommand } from "./version.ts";

/** Makes a command, given the runner that will run it. */
export type CommandMaker = (run: Runner) => unknown;

/** Every noun with its verbs. */
export const nouns: Record<string, { summary: string; verbs: Record<string, CommandMaker> }> = {
  site: {
    summary: "Create, change and show sites",
    verbs: {
      create: siteCreate,
      update: siteUpdate,
      delete: siteDelete,
      status: siteStatus,
      generate: siteGenerate,
    },
  },
  token: {
    summary: "Issue and redeem the tokens that link sites",
    verbs: {
      issue: tokenIssue,
      redeem: tokenRedeem,
      inspect: tokenInspect,
    },
  },
  link: {
    summary: "Generate, show, check, change and delete links",
    verbs: {
      generate: linkGenerate,
      status: linkStatus,
      check: linkCheck,
      update: linkUpdate,
      delete: linkDelete,
    },
  },
  grant: {
    summary: "List and revoke access grants",
    verbs: {
      list: grantList,
      revoke: grantRevoke,
    },
  },
  controller: {
    summary: "Run the controller: the grant service and what reconciles resources",
    verbs: {
      run: controllerRun,
      start: controllerStart,
      restart: controllerRestart,
      stop: controllerStop,
      status: controllerStatus,
      manifest: controllerManifest,
    },
  },
};

/** The commands without a noun. */
export const singles: Record<string, CommandMaker> = { version: versionCommand };
