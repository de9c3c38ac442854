/** What a command's help shows beside its options. */
export interface Example {
  /** The line, as it is typed. */
  line: string;
  /** What it does. */
  what: string;
}

export interface CommandHelp {
  examples: Example[];
  /** Commands and topics that are asked for next: what follows the program's name. */
  seeAlso: string[];
}

/** Examples and neighbours of each command, by its words. */
export const commandHelp: Record<string, CommandHelp> = {
  "": help(["help tokens", "help platforms", "help guarantees", "help environment", "help ci"], {
    "hawser doctor": "see what this machine and the site can do",
    "hawser site create west --enable-link-access": "found a site that others can link to",
    "hawser token issue token.yaml": "make a token for one of them",
  }),
  "site create": help(["site update", "token issue", "help platforms"], {
    "hawser site create west": "found a site that makes links and takes none",
    "hawser site create west --enable-link-access --link-host west.example":
      "found one that takes links, where remote sites know this machine by that name",
  }),
  "site update": help(["site status", "doctor"], {
    "hawser site update --enable-link-access --link-host west.example": "take links from now on",
  }),
  "site delete": help(["link delete", "grant revoke"], {
    "hawser site delete": "delete the site of the namespace; ask if grants end with it",
    "hawser site delete west --all --yes": "take all Skupper resources with it, and ask nothing",
  }),
  "site status": help(["link status", "network", "wait"], {
    "hawser site status": "show the site, its endpoints and its router",
    "hawser site status --watch -o json": "print each change, one object a line",
  }),
  "site generate": help(["site create"], {
    "hawser site generate west --enable-link-access > site.yaml": "print what site create makes",
  }),
  "token issue": help(["token redeem", "grant list", "help tokens", "help ci"], {
    "hawser token issue token.yaml": "make a token that is good for one link, for 15 minutes",
    "hawser token issue - | ssh east hawser token redeem -": "hand it over without a file",
    "hawser token issue team.yaml -r 10 -e 24h": "make one for ten links within a day",
    "hawser token issue - --seal-to age1example > token.age": "seal it to who is to redeem it",
  }),
  "token redeem": help(["link status", "token inspect", "help tokens"], {
    "hawser token redeem token.yaml": "link this site to the one that issued the token",
    "hawser token redeem token.yaml --wait ready --timeout 2m": "wait until the link carries",
    "hawser token redeem token.yaml --dry-run": "try each step, and spend nothing",
  }),
  "token inspect": help(["token redeem"], {
    "hawser token inspect token.yaml": "show whom it is of, without its code",
    "hawser token inspect token.yaml --probe": "try from here each step but the redemption",
  }),
  "token status": help(["token redeem", "wait"], {
    "hawser token status": "show the AccessTokens of the namespace, and what became of them",
  }),
  "link generate": help(["token issue"], {
    "hawser link generate > link.yaml": "print a link to this site with its credentials",
    "hawser link generate --cost 5 --name east > link.yaml": "give it a cost and a name",
  }),
  "link status": help(["link check", "network"], {
    "hawser link status": "show the links, as the router has them",
    "hawser link status west --wait operational --timeout 1m": "end once it carries",
  }),
  "link check": help(["link status", "doctor"], {
    "hawser link check west": "try its endpoints from here: name, TCP, TLS, certificates",
  }),
  "link update": help(["link status"], {
    "hawser link update west --cost 7": "make other paths preferable",
  }),
  "link delete": help(["link status", "site delete"], {
    "hawser link delete west": "end the link at once",
  }),
  "grant list": help(["grant status", "grant revoke"], {
    "hawser grant list": "show what was issued here and how much of it is left",
    "hawser grant list -o name": "print names for a script",
  }),
  "grant status": help(["grant list", "audit show"], {
    "hawser grant status west-x2k4p": "show a grant and who has redeemed it",
  }),
  "grant revoke": help(["link delete"], {
    "hawser grant revoke west-x2k4p": "end its tokens; links already made stay",
  }),
  "controller run": help(["controller start", "help platforms"], {
    "hawser controller run": "serve in the foreground, under a service manager",
    "hawser controller run --grant-port 9090 --operations-port 9091": "choose the ports",
  }),
  "controller start": help(["controller status", "controller stop"], {
    "hawser controller start": "serve in the background, by systemd where there is one",
    "hawser controller start --grant-host west.example": "name that host in tokens",
    "hawser controller start --grant-certificate fullchain.pem --grant-key privkey.pem":
      "serve a certificate of your own, and what it is renewed to",
  }),
  "controller restart": help(["controller status"], {
    "hawser controller restart": "go on with this version and the settings of before",
  }),
  "controller stop": help(["controller start"], {
    "hawser controller stop": "finish what is under way, and end",
  }),
  "controller status": help(["doctor"], {
    "hawser controller status": "show whether it runs, and the address that tokens name",
  }),
  "controller manifest": help(["site create -p kubernetes", "help platforms"], {
    "hawser controller manifest --expose loadbalancer | kubectl apply -f -":
      "run the controller in a cluster",
    "hawser controller manifest --role redeemer": "print the rights that a user needs to redeem",
  }),
  "key new": help(["token issue", "token redeem"], {
    "hawser key new identity.txt": "make a key; its public part is printed for --seal-to",
  }),
  "audit show": help(["audit verify", "grant status"], {
    "hawser audit show --since 24h": "show who redeemed what in the last day",
    "hawser audit show --grant west-x2k4p -o json": "print the records of a grant as data",
  }),
  "audit verify": help(["audit show"], {
    "hawser audit verify": "check that no record was changed, put in or taken out",
  }),
  "config add": help(["config check", "config use", "help environment"], {
    "hawser config add acme --url https://acme.jfrog.io --access-token-stdin < token":
      "add a server without a secret on the command line",
  }),
  "config edit": help(["config show"], {
    "hawser config edit acme --url https://acme.jfrog.io --access-token-stdin < token":
      "give it another token",
  }),
  "config show": help(["config check"], {
    "hawser config show": "list the servers, without their secrets",
    "hawser config show acme --format json": "print one as data",
  }),
  "config remove": help(["config show"], {
    "hawser config remove acme --quiet": "remove a server, and ask nothing",
  }),
  "config import": help(["config export"], {
    "hawser config import - < server.txt": "add the server that config export wrote",
  }),
  "config export": help(["config import"], {
    "hawser config export acme --to server.txt": "write it with its secrets into a private file",
  }),
  "config use": help(["config show"], {
    "hawser config use acme": "make it the default",
  }),
  "config check": help(["rt ping", "doctor"], {
    "hawser config check acme": "ask the server whether its credentials are good, and for what",
  }),
  "access-token create": help(["access-token revoke", "exchange-oidc-token", "help ci"], {
    "hawser access-token create ci --groups readers --expiry 3600":
      "create a token for user ci, for an hour",
  }),
  "access-token list": help(["access-token show", "access-token revoke"], {
    "hawser access-token list --username ci": "list a user's tokens",
  }),
  "access-token show": help(["access-token list"], {
    "hawser access-token show 6ad2f0c6-8c7e-4d57-9a1b-3a4f5b6c7d8e": "show what the server knows",
  }),
  "access-token inspect": help(["access-token show"], {
    "hawser access-token inspect - < token": "show what a token says of itself; nobody is asked",
  }),
  "access-token refresh": help(["access-token create"], {
    "hawser access-token refresh --refresh-token-stdin < refresh.txt": "exchange it for a new one",
  }),
  "access-token revoke": help(["access-token list"], {
    "hawser access-token revoke 6ad2f0c6-8c7e-4d57-9a1b-3a4f5b6c7d8e": "revoke by id",
    "hawser access-token revoke - < token": "revoke the token itself; it stands in no log",
  }),
  "rt access-token-create": help(["access-token-create"], {
    "hawser rt access-token-create ci": "as older versions of jf have it",
  }),
  "rt ping": help(["config check"], {
    "hawser rt ping --server-id acme": "ask Artifactory whether it is there",
  }),
  "doctor": help(["site status", "controller status", "link check"], {
    "hawser doctor": "look at all that may stand in the way, and change nothing",
    "hawser doctor -o json": "print the findings as data; the exit code is 0 if all is fine",
  }),
  "network": help(["link status"], {
    "hawser network": "draw sites and links as a tree",
    "hawser network -o svg > network.svg": "draw a picture of them",
  }),
  "get": help(["describe", "apply", "wait"], {
    "hawser get sites": "list the sites of the namespace",
    "hawser get accessgrants,links -o wide": "list several kinds, with more columns",
    "hawser get accesstoken west -o yaml": "print a resource; codes and keys are hidden",
    "hawser get link/west -o yaml --show-secrets > link.yaml": "print what apply takes",
  }),
  "describe": help(["get"], {
    "hawser describe site west": "show all fields of a site, its status and conditions",
  }),
  "apply": help(["get", "delete", "help platforms"], {
    "hawser apply -f sites/": "have all resources of a folder be as its files say",
    "hawser apply -f site.yaml -n west --dry-run": "see whether that could be",
    "cat site.yaml grant.yaml | hawser apply -f -": "apply what standard input holds",
  }),
  "delete": help(["get", "site delete", "grant revoke"], {
    "hawser delete link west": "delete a link, and leave its Secret",
    "hawser delete -f sites/ --quiet": "delete what the files of a folder name, where it is there",
  }),
  "wait": help(["site status", "link status", "help exit-codes"], {
    "hawser wait link west --for operational --timeout 2m": "wait until the link carries",
    "hawser wait site": "wait until the site is ready",
  }),
  "access-token-create": help(["access-token revoke", "exchange-oidc-token", "help ci"], {
    "hawser access-token-create": "create a token for the user of the default server",
    "hawser access-token-create ci --groups readers --expiry 3600":
      "create one for user ci, with a group's rights, for an hour",
    "hawser access-token-create ci --to github-output:token":
      "hand it to later steps of a GitHub job, masked in its log",
  }),
  "exchange-oidc-token": help(["access-token-create", "help ci"], {
    "hawser exchange-oidc-token github --to github-output:token":
      "exchange the job's id token, which JFROG_CLI_OIDC_EXCHANGE_TOKEN_ID holds",
  }),
  "version": help(["help"], {
    "hawser version": "print the version",
  }),
  "completion": help(["help"], {
    "source <(hawser completion bash)": "complete in this shell; in .bashrc, in each",
    "hawser completion zsh > ~/.zfunc/_hawser": "complete in zsh, from a folder of its fpath",
  }),
  "help": help(["version"], {
    "hawser help token issue": "show the help of a command",
    "hawser help tokens": "read about a topic",
  }),
};

function help(seeAlso: string[], examples: Record<string, string>): CommandHelp {
  return { seeAlso, examples: Object.entries(examples).map(([line, what]) => ({ line, what })) };
}
