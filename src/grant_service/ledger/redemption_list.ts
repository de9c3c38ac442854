import type { Redemption } from "./ledger.ts";

/** The identity of a redeemer: the key it made, else the name and subject it gives. */
export type Claimant = Pick<Redemption, "keyHash" | "name" | "subject">;

/** Places in a list: of each claimant's last redemption. */
type Places = Map<string, number>;

/**
 * What was found out about lists. A list that comes from another takes it over, or each redemption
 * of a popular grant would go through all that were before it. Only one list comes to be the
 * ledger's; what another that came from the same one has added is noticed when it is looked up.
 */
const placesOf = new WeakMap<readonly Redemption[], Places>();

/** The claimant's last redemption in the list. */
export function findLast(
  redemptions: readonly Redemption[],
  claimant: Claimant,
): Redemption | undefined {
  let places = placesOf.get(redemptions);
  if (places === undefined) {
    places = new Map(redemptions.map((redemption, place) => [identify(redemption), place]));
    placesOf.set(redemptions, places);
  }
  const wanted = identify(claimant);
  const found = redemptions[places.get(wanted) ?? -1];
  return found !== undefined && identify(found) === wanted ? found : undefined;
}

/** The list with one more redemption at its end. */
export function addRedemption(
  redemptions: readonly Redemption[],
  redemption: Redemption,
): Redemption[] {
  const longer = redemptions.concat([redemption]);
  const places = placesOf.get(redemptions);
  if (places !== undefined) {
    places.set(identify(redemption), redemptions.length);
    placesOf.set(longer, places);
  }
  return longer;
}

/**
 * The list with some redemptions changed; a change never changes who redeemed. Gives the same list
 * if nothing changes.
 */
export function changeRedemptions(
  redemptions: Redemption[],
  isToChange: (redemption: Redemption) => boolean,
  change: (redemption: Redemption) => Redemption,
): Redemption[] {
  if (!redemptions.some(isToChange)) return redemptions;
  const changed = redemptions.map((redemption) =>
    isToChange(redemption) ? change(redemption) : redemption
  );
  const places = placesOf.get(redemptions);
  if (places !== undefined) placesOf.set(changed, places);
  return changed;
}

function identify({ keyHash, name, subject }: Claimant): string {
  // a line break is in no key's hash
  return keyHash ?? `${name}\n${subject}`;
}
