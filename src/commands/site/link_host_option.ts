import { Option } from "@commander-js/extra-typings";
import { collect } from "../../cli/options.ts";

/** --link-host, as often as wanted; `standard` says which hosts are taken where it is not given. */
export function linkHostOption(standard: string) {
  return new Option(
    "--link-host <host>",
    "an address remote sites reach this machine by, best first (Docker, Podman, Linux; repeatable)",
  ).argParser(collect).default([] as string[], standard);
}
