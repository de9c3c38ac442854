import type { Kind } from "../../../src/resources/kinds.ts";
import type { Cluster } from "./cluster.ts";

interface Owner {
  kind: Kind;
  name: string;
  uid: string;
}

/**
 * Removes the Secrets and Links of a namespace that have owners of which none is there, as a
 * cluster's garbage collector does; a testbed has none.
 */
export async function collectGarbage(cluster: Cluster, namespace: string): Promise<void> {
  for (const kind of ["Secret", "Link"] as const) {
    for (const { metadata } of await cluster.list(kind, namespace)) {
      const owners = (metadata["ownerReferences"] ?? []) as Owner[];
      const present = await Promise.all(
        owners.map(async (owner) =>
          (await cluster.read(owner.kind, namespace, owner.name))?.metadata.uid === owner.uid
        ),
      );
      if (owners.length === 0 || present.includes(true)) continue;
      await cluster.remove(kind, namespace, metadata.name);
    }
  }
}
