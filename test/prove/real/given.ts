import { certificateIn } from "../../e2e/stage/grant_client.ts";
import type { HappeningNow } from "../history.ts";

/** Records that a client was given the credentials in the answer, kept them, and is through. */
export function recordGiven(
  record: (one: HappeningNow) => void,
  { attempt, client }: { attempt: string; client: string },
  body: string,
): void {
  const { serialNumber, publicKey } = certificateIn(body);
  const serial = serialNumber.toLowerCase();
  const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  record({ what: "given", attempt, serial, key, body });
  record({ what: "kept", client, serial });
  record({ what: "ended", client, how: "kept" });
}
