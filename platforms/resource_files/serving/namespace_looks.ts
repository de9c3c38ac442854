import { statSync } from "node:fs";
import { setImmediate } from "node:timers";
import { type NamespacePaths, siteStatePaths } from "../paths.ts";
import { siteUid } from "../site/site_authority.ts";

/** What a namespace kept as files looks like at a moment. */
interface NamespaceLook {
  /** Of its site. */
  uid: string | undefined;
  /**
   * Changes with the authority and with every file put in place whole; an edit is seen when it is
   * due.
   */
  stamp: string;
}

/** Looks at a namespace, for those who ask whether anything of it has changed. */
export class NamespaceLooks {
  readonly #paths: NamespacePaths;
  #looked: Promise<NamespaceLook> | undefined;

  constructor(paths: NamespacePaths) {
    this.#paths = paths;
  }

  /**
   * Looks once in each turn of the event loop: each redemption asks several times, and many may
   * come in one turn.
   */
  now(): Promise<NamespaceLook> {
    if (this.#looked === undefined) setImmediate(() => this.#looked = undefined);
    return this.#looked ??= this.#look();
  }

  async #look(): Promise<NamespaceLook> {
    const paths = this.#paths;
    const uid = await siteUid(paths);
    const folders = [
      ...[paths.inputResources, paths.inputIssuers, paths.inputCerts],
      ...[paths.runtimeResources, paths.runtimeCerts],
    ];
    if (uid !== undefined) folders.push(siteStatePaths(paths, uid).root);
    const times = folders.map((folder) => statSync(folder, { throwIfNoEntry: false })?.mtimeMs);
    return { uid, stamp: [uid, ...times].join(" ") };
  }
}
