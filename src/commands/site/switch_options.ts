import { switchOption } from "../../cli/options.ts";

/** --enable-link-access; with `=false`, upstream's way to switch it off. */
export function enableLinkAccessOption() {
  return switchOption("enable-link-access", "allow external access for links from remote sites");
}

/** --enable-ha. */
export function enableHaOption() {
  return switchOption("enable-ha", "configure the site for high availability (Kubernetes)");
}
