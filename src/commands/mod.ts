import type { CommandMaker, CommandSet, Noun } from "../cli/command_set.ts";
import { auditShow } from "./audit/show.ts";
import { auditVerify } from "./audit/verify.ts";
import { controllerRestart } from "./controller/restart.ts";
import { controllerManifest } from "./controller/manifest.ts";
import { controllerRun } from "./controller/run.ts";
import { controllerStart } from "./controller/start.ts";
import { controllerStatus } from "./controller/status.ts";
import { controllerStop } from "./controller/stop.ts";
import { completeValue } from "./completion_values.ts";
import { doctor } from "./doctor.ts";
import { grantList } from "./grant/list.ts";
import { grantStatus } from "./grant/status.ts";
import { grantRevoke } from "./grant/revoke.ts";
import { configAdd } from "./config/add.ts";
import { configCheck } from "./config/check.ts";
import { configEdit } from "./config/edit.ts";
import { configExport } from "./config/export.ts";
import { configImport } from "./config/import.ts";
import { configRemove } from "./config/remove.ts";
import { configShow } from "./config/show.ts";
import { configUse } from "./config/use.ts";
import { accessTokenCreate } from "./access_token_create.ts";
import { accessTokenCreateVerb } from "./access_token/create.ts";
import { accessTokenInspect } from "./access_token/inspect.ts";
import { accessTokenList } from "./access_token/list.ts";
import { accessTokenRefresh } from "./access_token/refresh.ts";
import { accessTokenRevoke } from "./access_token/revoke.ts";
import { accessTokenShow } from "./access_token/show.ts";
import { exchangeOidcTokenCommand } from "./exchange_oidc_token.ts";
import { keyNew } from "./key/new.ts";
import { linkCheck } from "./link/check.ts";
import { linkDelete } from "./link/delete.ts";
import { linkGenerate } from "./link/generate.ts";
import { linkStatus } from "./link/status.ts";
import { linkUpdate } from "./link/update.ts";
import { rtAccessTokenCreate } from "./rt/access_token_create.ts";
import { rtPing } from "./rt/ping.ts";
import { siteCreate } from "./site/create.ts";
import { siteDelete } from "./site/delete.ts";
import { siteGenerate } from "./site/generate.ts";
import { siteStatus } from "./site/status.ts";
import { siteUpdate } from "./site/update.ts";
import { tokenInspect } from "./token/inspect.ts";
import { tokenIssue } from "./token/issue.ts";
import { tokenRedeem } from "./token/redeem.ts";
import { tokenStatus } from "./token/status.ts";
import { networkCommand } from "./network.ts";
import { versionCommand } from "./version.ts";

const skupperNouns: Record<string, Noun> = {
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
      status: tokenStatus,
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
    summary: "List, show and revoke access grants",
    verbs: {
      list: grantList,
      status: grantStatus,
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

const keyNouns: Record<string, Noun> = {
  key: { summary: "Make a key for tokens that are sealed on their way", verbs: { new: keyNew } },
};

const auditNouns: Record<string, Noun> = {
  audit: {
    summary: "Show and verify the record of who redeemed what, when and from where",
    verbs: { show: auditShow, verify: auditVerify },
  },
};

const jfrogNouns: Record<string, Noun> = {
  "config|c": {
    summary: "Add, show, check, change and remove JFrog servers, in the file that jf has",
    verbs: {
      add: configAdd,
      edit: configEdit,
      "show|s|list|ls": configShow,
      "remove|rm|delete": configRemove,
      "import|im": configImport,
      "export|ex": configExport,
      use: configUse,
      check: configCheck,
    },
  },
  "access-token": {
    summary: "Create, list, show, inspect, refresh and revoke JFrog access tokens",
    verbs: {
      create: accessTokenCreateVerb,
      list: accessTokenList,
      show: accessTokenShow,
      inspect: accessTokenInspect,
      refresh: accessTokenRefresh,
      revoke: accessTokenRevoke,
    },
  },
};

/** What scripts for older versions of jf call. */
const artifactoryNouns: Record<string, Noun> = {
  rt: {
    summary: "Create access tokens, and ping Artifactory, as scripts for jf do it",
    verbs: {
      "access-token-create|atc": rtAccessTokenCreate,
      "ping|p": rtPing,
    },
  },
};

const jfrogSingles: Record<string, CommandMaker> = {
  "access-token-create|atc": accessTokenCreate,
  "exchange-oidc-token|eot": exchangeOidcTokenCommand,
};

/** The commands that the program offers under the name it was called by. */
export function commandsFor(program: string): CommandSet {
  const version = { version: versionCommand };
  switch (program) {
    case "skupper":
      return {
        description: "Issue and redeem the tokens that link Skupper sites.",
        nouns: skupperNouns,
        singles: { doctor, network: networkCommand, ...version },
        values: completeValue,
      };
    case "jf":
      return {
        description: "Create access tokens of the JFrog Platform.",
        nouns: { ...jfrogNouns, ...artifactoryNouns },
        singles: { ...jfrogSingles, ...version },
        values: completeValue,
      };
    default:
      return {
        description:
          "Issue and redeem the tokens that link Skupper sites, and create JFrog access tokens.",
        nouns: { ...skupperNouns, ...keyNouns, ...auditNouns, ...jfrogNouns, ...artifactoryNouns },
        singles: { doctor, network: networkCommand, ...jfrogSingles, ...version },
        values: completeValue,
      };
  }
}
