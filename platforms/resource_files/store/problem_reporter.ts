import type { AppError } from "../../../src/errors/app_error.ts";

/**
 * Tells of each problem once, however often its source is read again, until the source is without it.
 * What is given here is all that a source has at the time.
 */
export function problemReporter(
  tell: ((problem: AppError) => void) | undefined,
): (source: string, problems: AppError[]) => void {
  const present = new Map<string, Set<string>>();
  return function report(source, problems) {
    const known = new Set([...present.values()].flatMap((messages) => [...messages]));
    if (problems.length === 0) present.delete(source);
    else present.set(source, new Set(problems.map((problem) => problem.message)));
    for (const problem of problems) {
      if (known.has(problem.message)) continue;
      known.add(problem.message);
      tell?.(problem);
    }
  };
}
