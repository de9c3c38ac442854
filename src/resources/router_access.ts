import type * as z from "zod/mini";
import type { routerAccessSchema } from "./schemas.ts";

/** RouterAccess, as docs/spec/resources.md 6 has it. */
export type RouterAccess = z.infer<ReturnType<typeof routerAccessSchema>>;

/** The roles links connect to, with the port a router takes where none is given. */
export const linkRoles = { "inter-router": 55671, edge: 45671 } as const;
