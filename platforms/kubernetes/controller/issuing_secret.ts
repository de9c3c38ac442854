import { Buffer } from "node:buffer";
import type { IssuingStore } from "../../../src/grant_service/ledger/backing.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { type Secret, secretText } from "../../../src/resources/secret.ts";
import { managedLabels } from "./managed_labels.ts";

const field = "issuing";

/**
 * The issuing authority below the one in the Secret `above`: a Secret `hawser-issuing-<its uid>`
 * beside it that it owns, so that the cluster removes one with the other. All replicas share it.
 */
export function issuingSecret(store: Platform, above: Secret, signal: AbortSignal): IssuingStore {
  const { name: aboveName, uid = "" } = above.metadata;
  const name = `hawser-issuing-${uid}`;
  return {
    async read() {
      const secret = await store.get("Secret", name, signal);
      if (secret === undefined) return undefined;
      return { text: secretText(secret, field) ?? "", version: secret.metadata.resourceVersion! };
    },

    async write(text, version) {
      await store.apply<"Secret">({
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
          name,
          labels: managedLabels,
          ownerReferences: [{ apiVersion: "v1", kind: "Secret", name: aboveName, uid }],
          resourceVersion: version ?? "",
        },
        type: "hawser/issuing-authority",
        data: { [field]: Buffer.from(text).toString("base64") },
      }, signal);
    },
  };
}
