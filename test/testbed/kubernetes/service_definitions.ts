import { eventually } from "../../e2e/stage/eventually.ts";
import type { KubernetesTestbed } from "./start.ts";

/** Skupper's resources that this program has no use for, and so no definition of. */
export const serviceResources = [
  "listeners",
  "connectors",
  "multikeylisteners",
  "attachedconnectors",
  "attachedconnectorbindings",
];

/** Has the API server serve such resources of Skupper, with whatever content. */
export async function defineResources(
  { admin }: KubernetesTestbed,
  plurals: string[],
  version = "v2alpha1",
): Promise<void> {
  for (const plural of plurals) {
    const singular = plural.replace(/s$/, "");
    const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await admin.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.skupper.io` },
      spec: {
        group: "skupper.io",
        scope: "Namespaced",
        names: { plural, singular, kind: kindOf(plural) },
        versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
      },
    });
    await eventually(async () => {
      const found = await admin.call("GET", `/apis/skupper.io/${version}`).catch(() => undefined);
      const names: string[] = found?.resources.map(({ name }: { name: string }) => name) ?? [];
      return names.includes(plural) &&
        await admin.call("GET", `/apis/skupper.io/${version}/${plural}`).then(
          () => true,
          () => false,
        );
    });
  }
}

/** The kind that `defineResources` gives a resource. */
export function kindOf(plural: string): string {
  return plural[0]!.toUpperCase() + plural.slice(1).replace(/s$/, "");
}
