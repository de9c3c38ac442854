import { isAppError } from "../../src/errors/app_error.ts";
import type { Platform } from "../../src/platform/platform.ts";

/** Raises a grant's status.redemptions that many times, each by compare-and-set. */
export async function increment(platform: Platform, name: string, times: number): Promise<void> {
  const signal = new AbortController().signal;
  for (let done = 0; done < times;) {
    const grant = (await platform.get("AccessGrant", name, signal))!;
    const redemptions = (grant.status?.redemptions ?? 0) + 1;
    try {
      await platform.apply({ ...grant, status: { ...grant.status, redemptions } }, signal);
      done++;
    } catch (error) {
      if (!isAppError(error, "conflict")) throw error;
    }
  }
}
