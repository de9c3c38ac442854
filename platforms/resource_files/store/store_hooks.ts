import type { AppError } from "../../../src/errors/app_error.ts";
import type { Link } from "../../../src/resources/link.ts";
import type { Now } from "../../../src/runtime/clock.ts";
import type { BaseStatus } from "../../../src/resources/resource.ts";
import type { RouterAccess } from "../../../src/resources/router_access.ts";
import type { Site } from "../../../src/resources/site.ts";

/** What the store asks of those who know more than files. */
export interface StoreHooks {
  /** Throws where the namespace is not to be used; asked before anything in it is. */
  admit?(): Promise<void>;
  /** The uid of the namespace's site; undefined while it has no certificate authority. */
  siteUid(): Promise<string | undefined>;
  /** The present status of a resource in a namespace that upstream has not started. */
  deriveStatus(resource: Site | Link | RouterAccess): Promise<BaseStatus | undefined>;
  /** The present status where upstream has, and says that of it; by default it is believed. */
  correctStatus?(
    resource: Site | Link | RouterAccess,
    rendered: BaseStatus | undefined,
  ): Promise<BaseStatus | undefined>;
  /** Files whose changes may change a derived status. */
  statusFiles?: readonly string[];
  /** Milliseconds by a clock that nobody sets; the process' own by default. */
  steady?: Now;
  /** Told once of each file or document that can't be read; the others are served. */
  onProblem?(problem: AppError): void;
}
