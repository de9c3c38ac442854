import type { AppError } from "../../../src/errors/app_error.ts";

/**
 * Reports each problem of a source once, until the source is without it. Each call gets all
 * problems that the source has at the time.
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
