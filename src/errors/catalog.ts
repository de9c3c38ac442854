import { commandErrors } from "./command_errors.ts";
import { engineErrors } from "./engine_errors.ts";
import type { Entry } from "./entry.ts";
import { jfrogConfigErrors } from "./jfrog_config_errors.ts";
import { jfrogErrors } from "./jfrog_errors.ts";
import { kubernetesErrors } from "./kubernetes_errors.ts";
import { routerErrors } from "./router_errors.ts";
import { siteErrors } from "./site_errors.ts";
import { tokenErrors } from "./token_errors.ts";

/** Every error a user can meet: its wording, its remedy and its exit code. */
export const catalog = {
  ...commandErrors,
  ...siteErrors,
  ...routerErrors,
  ...tokenErrors,
  ...engineErrors,
  ...kubernetesErrors,
  ...jfrogConfigErrors,
  ...jfrogErrors,
} as const;

/** A code of the catalog: kebab-case, noun-state. */
export type ErrorCode = keyof typeof catalog;

/** The data an error of that code is worded with. */
export type ErrorData<C extends ErrorCode> = (typeof catalog)[C] extends Entry<infer D> ? D : never;
