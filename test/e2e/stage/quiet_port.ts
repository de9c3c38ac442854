import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A free port that nothing else takes while a controller is down for a moment: neither controllers
 * of other tests, which begin at 9090, nor connections, which Linux gives ports from 32768 on.
 */
export async function findQuietPort(): Promise<string> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return String(port);
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "::", () => server.close(() => resolve(true)));
  });
}
