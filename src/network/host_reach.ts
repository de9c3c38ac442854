import { isIP } from "node:net";
import { within } from "../runtime/abortable.ts";
import { lookUpAll } from "./connection.ts";

/** A name server that does not answer must hold nothing up, in milliseconds. */
const lookUpLimitMs = 2000;

/** Endings of names that only one machine, network or cluster knows. */
const localEndings = /\.(local|localhost|localdomain|internal|lan|home|svc|cluster\.local)$/;

/**
 * Why a host leads other machines nowhere, or not to this one; undefined if nothing speaks against
 * it. A name is looked up here, which tells nothing of what others find.
 */
export async function whyOnlyHere(host: string, signal: AbortSignal): Promise<string | undefined> {
  const name = host.toLowerCase();
  if (isIP(name) !== 0) return whyAddressOnlyHere(name);
  if (name === "localhost") return "it stands for whoever looks it up";
  if (!name.includes(".")) return "it is a bare name, which means nothing elsewhere";
  if (localEndings.test(name)) return "its ending is one that only this network or cluster knows";
  const late = () => new Error("late");
  const addresses = await within(lookUpLimitMs, late, (bounded) => lookUpAll(name, bounded), signal)
    .catch((): string[] => []);
  if (addresses.length === 0) return "it can't be looked up from here";
  return addresses.every((address) => whyAddressOnlyHere(address) !== undefined)
    ? `here it stands for ${addresses[0]}`
    : undefined;
}

function whyAddressOnlyHere(address: string): string | undefined {
  if (/^127\.|^::1$/.test(address)) return "every machine calls itself that";
  if (/^169\.254\.|^fe[89ab]/.test(address)) return "it is of one network segment alone";
  return /^0\.|^::$/.test(address) ? "it is no address of a machine" : undefined;
}
