import { Buffer } from "node:buffer";
import { isAppError } from "../../../src/errors/app_error.ts";
import type { IdentityStore } from "../../../src/grant_service/service_identity.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { type Secret, secretText } from "../../../src/resources/secret.ts";
import { identitySecretName } from "../deployed_names.ts";
import { managedLabels } from "./managed_labels.ts";

/**
 * The identity of the grant service in a Secret of the controller's namespace, which all replicas
 * share.
 */
export function identitySecret(store: Platform, signal: AbortSignal): IdentityStore {
  const find = () => store.get("Secret", identitySecretName, signal);
  return {
    async read(name) {
      const secret = await find();
      return secret && secretText(secret, name);
    },

    async write(name, text, before) {
      for (;;) {
        const stored = await find();
        const found = stored && secretText(stored, name);
        if (found !== undefined && found !== before) return found;
        const secret: Secret = stored ?? {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: identitySecretName, labels: managedLabels, resourceVersion: "" },
          type: "hawser/grant-service",
        };
        const data = { ...secret.data, [name]: Buffer.from(text).toString("base64") };
        try {
          await store.apply<"Secret">({ ...secret, data }, signal);
          return text;
        } catch (error) {
          // another replica was first: the next look finds what it wrote
          if (!isAppError(error, "conflict")) throw error;
        }
      }
    },
  };
}
