import { appError } from "../errors/app_error.ts";
import type { Kind } from "./kinds.ts";

/** What kubectl calls a kind, as its resource definition has it. */
interface KindWords {
  plural: string;
  short: readonly string[];
}

/** The kinds by name, in the order in which they are made: what others need comes first. */
export const kindWords: Record<Kind, KindWords> = {
  Secret: { plural: "secrets", short: [] },
  RouterAccess: { plural: "routeraccesses", short: [] },
  Site: { plural: "sites", short: ["st"] },
  AccessGrant: { plural: "accessgrants", short: ["grant", "gr"] },
  Link: { plural: "links", short: ["ln"] },
  AccessToken: { plural: "accesstokens", short: ["token", "to"] },
};

export const kindsInOrder = Object.keys(kindWords) as Kind[];

/**
 * The kind that a word means: its name, singular, plural or short, with its group or without.
 * Throws `usage`.
 */
export function kindOf(word: string): Kind {
  const [name = "", ...group] = word.toLowerCase().split(".");
  const found = kindsInOrder.find((kind) => {
    const { plural, short } = kindWords[kind];
    const isGroup = group.length === 0 || kind !== "Secret" && group.join(".") === "skupper.io";
    return isGroup && [kind.toLowerCase(), plural, ...short, ...many(short)].includes(name);
  });
  if (found !== undefined) return found;
  throw appError("usage", {
    message: `There is no kind of resource "${word}" here`,
    help: `Kinds: ${kindsInOrder.map((kind) => kindWords[kind].plural).toSorted().join(", ")}.`,
  });
}

/** `grants`, as `grant`: kubectl's short words have no plural, and hawser's own words do. */
function many(short: readonly string[]): string[] {
  return short.filter((word) => word.length > 2).map((word) => `${word}s`);
}

/** Resources of a kind: those of the names, or all of it. */
export interface Selection {
  kind: Kind;
  names: string[];
}

/**
 * What the words select, as kubectl reads them: `links`, `links east west`, `sites,links`,
 * `link/east site/west`. Throws `usage`.
 */
export function selectResources(words: string[]): Selection[] {
  if (words.some((word) => word.includes("/"))) {
    return words.map((word) => {
      const [kind = "", name = "", ...more] = word.split("/");
      if (name === "" || more.length > 0) throw mixed();
      return { kind: kindOf(kind), names: [name] };
    });
  }
  const [kinds = "", ...names] = words;
  return [...new Set(kinds.split(",").map(kindOf))].map((kind) => ({ kind, names }));
}

function mixed() {
  return appError("usage", {
    message: "Resources are named as kind/name each, or as a kind and names behind it",
    help: "For example: link/east site/west, or: link east west",
  });
}
