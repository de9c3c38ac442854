import { entry } from "./entry.ts";

/** Of a site that nobody can link to: upstream says so in these words. */
export const noLinkAccess = "Link access is not enabled";

/** What can be wrong with sites, their namespaces, links and controllers. */
export const siteErrors = {
  "site-missing": entry<{ namespace: string; purpose: string; open?: boolean }>({
    exit: "precondition",
    message: (d) => `Cannot ${d.purpose}: there is no site in namespace "${d.namespace}"`,
    hint: (d, say) =>
      say.command(`site create ${d.namespace}${d.open ? " --enable-link-access" : ""}`),
  }),
  "site-gone": entry<{ kind: string; name: string; site: string; namespace: string }>({
    exit: "conflict",
    retry: true,
    message: (d) =>
      `${d.kind} "${d.name}" is not stored: site "${d.site}", which it was made for, is gone from namespace "${d.namespace}"`,
    hint: (_d, say) => say.command("site status"),
  }),
  "site-edge": entry<{ site: string }>({
    exit: "precondition",
    message: (d) =>
      `Site "${d.site}" is an edge site, and edge sites cannot accept links from remote sites`,
    hint: () => "Issue the token at an interior site, and redeem it here.",
  }),
  "site-failed": entry<{ site: string; message: string }>({
    exit: "failed",
    message: (d) => `Site "${d.site}" is in status Error: ${d.message}`,
    hint: (_d, say) => say.command("site status"),
  }),
  "link-failed": entry<{ link: string; message: string }>({
    exit: "failed",
    message: (d) => `Link "${d.link}" is in status Error: ${d.message}`,
    hint: (d, say) => say.command(`link status ${d.link}`),
  }),
  "site-exists": entry<{ site: string; namespace: string; wanted: string }>({
    exit: "conflict",
    message: (d) => `A site already exists in namespace "${d.namespace}": "${d.site}"`,
    hint: (d, say) =>
      d.wanted === d.site
        ? say.command("site status")
        : `A namespace holds one site. Another one needs a namespace of its own: ${
          say.commandForAll(`site create ${d.wanted} -n ${d.wanted}`)
        }`,
  }),
  "site-issuer-missing": entry<{ namespace: string; issuer: string; why: string }>({
    exit: "precondition",
    message: (d) =>
      `Cannot sign for the site in namespace "${d.namespace}": certificate authority "${d.issuer}" ${d.why}`,
  }),
  "site-authority-lost": entry<{ folder: string }>({
    exit: "precondition",
    message: (d) =>
      `The site's certificate authority is gone from ${d.folder}: put its files back, or delete the site and create it anew, which voids its links and tokens`,
  }),
  "link-access-disabled": entry<{ site: string }>({
    exit: "precondition",
    message: () => noLinkAccess,
    hint: (_d, say) =>
      `Link access at this site is not currently enabled. You can use "${
        say.command("site update --enable-link-access")
      }" to enable it.`,
  }),
  "no-endpoints": entry<{ namespace: string }>({
    exit: "precondition",
    message: (d) => `No valid endpoints found for site in namespace "${d.namespace}"`,
    hint: (_d, say) => say.command("site update --link-host <host>"),
  }),
  "namespace-not-found": entry<{ namespace: string; where: string; hint?: string }>({
    exit: "not-found",
    message: (d) => `Namespace "${d.namespace}" does not exist in ${d.where}`,
    hint: (d, say) => d.hint ?? say.commandForAll(`site create ${d.namespace} -n ${d.namespace}`),
  }),
  "namespace-foreign": entry<{ namespace: string; why: string; instead?: string }>({
    exit: "precondition",
    message: (d) => `Cannot change namespace "${d.namespace}": ${d.why}`,
    hint: (d) => d.instead,
  }),
  "namespace-platform": entry<{ namespace: string; made: string; asked: string }>({
    exit: "precondition",
    message: (d) =>
      `Cannot use platform "${d.asked}" for namespace "${d.namespace}": it was made with platform "${d.made}"`,
    hint: (d) => `Use -p ${d.made}, or choose another namespace with -n.`,
  }),
  "data-home-unusable": entry<{ path: string; why: string }>({
    exit: "precondition",
    message: (d) => `Cannot use the data home ${d.path}: ${d.why}`,
    hint: () => "HAWSER_DATA_HOME names another one.",
  }),
  "controller-not-running": entry<{ home: string }>({
    exit: "precondition",
    message: (d) => `No controller is running for ${d.home}`,
    hint: (_d, say) => say.commandForAll("controller start"),
  }),
  "controller-not-answering": entry<{ home: string; why: string }>({
    exit: "precondition",
    message: (d) => `The controller for ${d.home} is not ready: ${d.why}`,
    hint: (_d, say) => say.commandForAll("controller restart"),
  }),
  "controller-running": entry<{ home: string; as: string | undefined }>({
    exit: "conflict",
    message: (d) =>
      `A controller is already running for ${d.home}${d.as === undefined ? "" : ` (${d.as})`}`,
    hint: (_d, say) => say.commandForAll("controller status"),
  }),
  "controller-failed": entry<{ why: string; log?: string }>({
    exit: "failed",
    message: (d) => `The controller did not start: ${d.why}`,
    hint: (d) => (d.log === undefined ? undefined : `Its log is ${d.log}`),
  }),
  "certificate-unusable": entry<{ place: string; why: string; hint?: string }>({
    exit: "usage",
    message: (d) => `Cannot serve grants with the certificate in ${d.place}: ${d.why}`,
    hint: (d) => d.hint,
  }),
  "not-stopped": entry<{ pid: number }>({
    exit: "failed",
    message: (d) => `The controller (pid ${d.pid}) cannot be stopped`,
  }),
  "port-in-use": entry<{ host: string; port: number; option: string }>({
    exit: "precondition",
    message: (d) => `Cannot listen on ${d.host} port ${d.port}: the port is in use`,
    hint: (d) => `Choose another port with ${d.option}.`,
  }),
  "port-forbidden": entry<{ host: string; port: number; option: string }>({
    exit: "precondition",
    message: (d) => `Cannot listen on ${d.host} port ${d.port}: that port needs privileges`,
    hint: (d) => `Choose a port of 1024 or above with ${d.option}.`,
  }),
  "link-credentials-missing": entry<{ link: string; why: string }>({
    exit: "not-found",
    message: (d) => `Link "${d.link}" has no credentials to try it with: ${d.why}`,
    hint: (d, say) =>
      `Put the Secret there (${say.command("apply -f <file>")}), or make the link anew: ${
        say.command(`link delete ${d.link}`)
      }, and redeem another token.`,
  }),
  "link-refused": entry<{ link: string; endpoint: string; why: string }>({
    exit: "refused",
    message: (d) => `Link "${d.link}" is refused at ${d.endpoint}: ${d.why}`,
  }),
  "link-unreachable": entry<{ link: string; why: string }>({
    exit: "unreachable",
    message: (d) => `Link "${d.link}" does not connect: ${d.why}`,
    hint: () => "A router must run at the other site, and its address be reachable from here.",
  }),
} as const;
