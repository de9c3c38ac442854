import { refusedOption, switchOption } from "../../cli/options.ts";

/** --enable-link-access; with `=false`, upstream's way to switch it off. */
export function enableLinkAccessOption() {
  return switchOption("enable-link-access", "allow external access for links from remote sites");
}

/** --enable-ha. */
export function enableHaOption() {
  return switchOption("enable-ha", "configure the site for high availability (Kubernetes)");
}

/** --bind-host, of Skupper 2.0. */
export function bindHostOption() {
  return refusedOption(
    "--bind-host <host>",
    "the router listens at all addresses of this machine",
    "For another one set spec.bindHost of the site's RouterAccess.",
  );
}

/** --subject-alternative-names, of Skupper 2.0. */
export function alternativeNamesOption() {
  return refusedOption(
    "--subject-alternative-names <names>",
    "the router's certificate bears the addresses that links are made to",
    "Name each of these with --link-host.",
  );
}
