import { entry } from "./entry.ts";

/** What can go wrong where the controller runs in a container. */
export const engineErrors = {
  "controller-elsewhere": entry<{ platform: string }>({
    exit: "precondition",
    message: (d) => `The controller of this data home is run by platform "${d.platform}"`,
    hint: (d, say) => `${say.program} controller status -p ${d.platform}`,
  }),
} as const;
