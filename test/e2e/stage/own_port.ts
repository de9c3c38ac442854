import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/**
 * A port that no other sandbox uses until it is released: a controller keeps its port, and another
 * test's must not take it between two starts. It lies below those of `findFreePort`.
 */
export class OwnPort {
  readonly port: number;
  readonly #claim: string;

  constructor() {
    for (;;) {
      const port = randomInt(12_000, 20_000);
      const claim = path.join(os.tmpdir(), `hawser-port-${port}`);
      try {
        fs.closeSync(fs.openSync(claim, "wx", 0o600));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
        throw error;
      }
      this.port = port;
      this.#claim = claim;
      return;
    }
  }

  release(): void {
    fs.rmSync(this.#claim, { force: true });
  }
}
