import type { CommandContext } from "../../cli/context.ts";
import type { AccessSurroundings } from "../../jfrog/access_server.ts";
import { jfrogHome } from "../../jfrog/config/home.ts";

/** What requests need of the outside, as a command has it. Throws `jfrog-home-unknown`. */
export function surroundingsOf(
  { env, say, warn, detail, progress }: CommandContext,
): AccessSurroundings {
  return { env, home: jfrogHome(env), now: Date.now, program: say.program, warn, detail, progress };
}
