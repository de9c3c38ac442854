import { entry } from "./entry.ts";

/** What can be wrong with the router of a site, and with asking it. */
export const routerErrors = {
  "router-not-running": entry<{ namespace: string; start?: string }>({
    exit: "precondition",
    message: (d) => `No router runs for the site in namespace "${d.namespace}"`,
    hint: (d) => d.start,
  }),
  "router-not-asked": entry<{ namespace: string; why: string }>({
    exit: "unreachable",
    message: (d) => `The router of the site in namespace "${d.namespace}" can't be asked: ${d.why}`,
  }),
  "router-refused": entry<{ operation: string; what: string; why: string }>({
    exit: "failed",
    message: (d) => `The router refuses to ${d.operation} ${d.what}: ${d.why}`,
  }),
  "router-answer": entry<{ what: string; why: string }>({
    exit: "unreachable",
    message: (d) => `What the router answers about ${d.what} can't be used: ${d.why}`,
  }),
  "link-down": entry<{ link: string; why: string }>({
    exit: "unreachable",
    message: (d) =>
      `Link "${d.link}" is not operational, though its endpoints answer: its router says: ${d.why}`,
    hint: (d, say) => say.command(`link status ${d.link}`),
  }),
  "reload-failed": entry<{ command: string; why: string }>({
    exit: "failed",
    message: (d) => `"${d.command}" did not succeed: ${d.why}`,
    hint: (d) => d.command,
  }),
} as const;
