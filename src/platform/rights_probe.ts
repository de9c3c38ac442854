import type { Kind } from "../resources/kinds.ts";

/** The persons that a role can be made for, each with the least rights for its work. */
export const roles = ["issuer", "redeemer", "admin"] as const;
export type Role = (typeof roles)[number];

/** What keeps a user from a command. */
export interface MissingRights {
  command: string;
  /** Verbs with resources, as in `list links.skupper.io`. */
  missing: string[];
  /** The least role that has all of what the command needs. */
  role: Role;
  namespace: string;
}

export interface RightsProbe {
  /**
   * All that the user lacks for a command, by its words, and by the kinds that it is `about` where
   * it takes any; undefined where that is not known.
   */
  missing(
    command: string,
    about: readonly Kind[],
    signal: AbortSignal,
  ): Promise<MissingRights | undefined>;
}
