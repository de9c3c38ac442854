import type {
  CommandLoader,
  CommandSet,
  Noun,
  ValuePlace,
  ValueSources,
} from "../cli/command_set.ts";

const skupperNouns: Record<string, Noun> = {
  site: {
    summary: "Create, change and show sites",
    verbs: {
      create: async () => (await import("./site/create.ts")).siteCreate,
      update: async () => (await import("./site/update.ts")).siteUpdate,
      delete: async () => (await import("./site/delete.ts")).siteDelete,
      status: async () => (await import("./site/status.ts")).siteStatus,
      generate: async () => (await import("./site/generate.ts")).siteGenerate,
    },
  },
  token: {
    summary: "Issue and redeem the tokens that link sites",
    verbs: {
      issue: async () => (await import("./token/issue.ts")).tokenIssue,
      redeem: async () => (await import("./token/redeem.ts")).tokenRedeem,
      inspect: async () => (await import("./token/inspect.ts")).tokenInspect,
      status: async () => (await import("./token/status.ts")).tokenStatus,
    },
  },
  link: {
    summary: "Generate, show, check, change and delete links",
    verbs: {
      generate: async () => (await import("./link/generate.ts")).linkGenerate,
      status: async () => (await import("./link/status.ts")).linkStatus,
      check: async () => (await import("./link/check.ts")).linkCheck,
      update: async () => (await import("./link/update.ts")).linkUpdate,
      delete: async () => (await import("./link/delete.ts")).linkDelete,
    },
  },
  grant: {
    summary: "List, show and revoke access grants",
    verbs: {
      list: async () => (await import("./grant/list.ts")).grantList,
      status: async () => (await import("./grant/status.ts")).grantStatus,
      revoke: async () => (await import("./grant/revoke.ts")).grantRevoke,
    },
  },
  controller: {
    summary: "Run the controller: the grant service and what reconciles resources",
    verbs: {
      run: async () => (await import("./controller/run.ts")).controllerRun,
      start: async () => (await import("./controller/start.ts")).controllerStart,
      restart: async () => (await import("./controller/restart.ts")).controllerRestart,
      stop: async () => (await import("./controller/stop.ts")).controllerStop,
      status: async () => (await import("./controller/status.ts")).controllerStatus,
      manifest: async () => (await import("./controller/manifest.ts")).controllerManifest,
    },
  },
};

const keyNouns: Record<string, Noun> = {
  key: {
    summary: "Make a key for tokens that are sealed on their way",
    verbs: { new: async () => (await import("./key/new.ts")).keyNew },
  },
};

const auditNouns: Record<string, Noun> = {
  audit: {
    summary: "Show and verify the record of who redeemed what, when and from where",
    verbs: {
      show: async () => (await import("./audit/show.ts")).auditShow,
      verify: async () => (await import("./audit/verify.ts")).auditVerify,
    },
  },
};

const jfrogNouns: Record<string, Noun> = {
  "config|c": {
    summary: "Add, show, check, change and remove JFrog servers, in the file that jf has",
    verbs: {
      add: async () => (await import("./config/add.ts")).configAdd,
      edit: async () => (await import("./config/edit.ts")).configEdit,
      "show|s|list|ls": async () => (await import("./config/show.ts")).configShow,
      "remove|rm|delete": async () => (await import("./config/remove.ts")).configRemove,
      "import|im": async () => (await import("./config/import.ts")).configImport,
      "export|ex": async () => (await import("./config/export.ts")).configExport,
      use: async () => (await import("./config/use.ts")).configUse,
      check: async () => (await import("./config/check.ts")).configCheck,
    },
  },
  "access-token": {
    summary: "Create, list, show, inspect, refresh and revoke JFrog access tokens",
    verbs: {
      create: async () => (await import("./access_token/create.ts")).accessTokenCreateVerb,
      list: async () => (await import("./access_token/list.ts")).accessTokenList,
      show: async () => (await import("./access_token/show.ts")).accessTokenShow,
      inspect: async () => (await import("./access_token/inspect.ts")).accessTokenInspect,
      refresh: async () => (await import("./access_token/refresh.ts")).accessTokenRefresh,
      revoke: async () => (await import("./access_token/revoke.ts")).accessTokenRevoke,
    },
  },
};

/** What scripts for older versions of jf call. */
const artifactoryNouns: Record<string, Noun> = {
  rt: {
    summary: "Create access tokens, and ping Artifactory, as scripts for jf do it",
    verbs: {
      "access-token-create|atc": async () =>
        (await import("./rt/access_token_create.ts")).rtAccessTokenCreate,
      "ping|p": async () => (await import("./rt/ping.ts")).rtPing,
    },
  },
};

const jfrogSingles: Record<string, CommandLoader> = {
  "access-token-create|atc": async () =>
    (await import("./access_token_create.ts")).accessTokenCreate,
  "exchange-oidc-token|eot": async () =>
    (await import("./exchange_oidc_token.ts")).exchangeOidcTokenCommand,
};

const lookingSingles: Record<string, CommandLoader> = {
  doctor: async () => (await import("./doctor.ts")).doctor,
  network: async () => (await import("./network.ts")).networkCommand,
  wait: async () => (await import("./wait.ts")).waitCommand,
};

/** What kubectl has for resources, on every platform. */
const declarativeSingles: Record<string, CommandLoader> = {
  get: async () => (await import("./get.ts")).getCommand,
  describe: async () => (await import("./describe.ts")).describeCommand,
  apply: async () => (await import("./apply.ts")).applyCommand,
  delete: async () => (await import("./delete.ts")).deleteCommand,
};

const version: CommandLoader = async () => (await import("./version.ts")).versionCommand;

async function values(place: ValuePlace, sources: ValueSources): Promise<string[]> {
  return (await import("./completion_values.ts")).completeValue(place, sources);
}

/** The commands that the program offers under the name it was called by. */
export function commandsFor(program: string): CommandSet {
  switch (program) {
    case "skupper":
      return {
        description: "Issue and redeem the tokens that link Skupper sites.",
        nouns: skupperNouns,
        singles: { ...lookingSingles, ...declarativeSingles, version },
        values,
      };
    case "jf":
      return {
        description: "Create access tokens of the JFrog Platform.",
        nouns: { ...jfrogNouns, ...artifactoryNouns },
        singles: { ...jfrogSingles, version },
        values,
      };
    default:
      return {
        description:
          "Issue and redeem the tokens that link Skupper sites, and create JFrog access tokens.",
        nouns: { ...skupperNouns, ...keyNouns, ...auditNouns, ...jfrogNouns, ...artifactoryNouns },
        singles: { ...lookingSingles, ...declarativeSingles, ...jfrogSingles, version },
        values,
      };
  }
}
