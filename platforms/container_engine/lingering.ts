import { access } from "node:fs/promises";
import { join } from "node:path";

/**
 * Why the containers of a user's own engine may end early; undefined where they will last. systemd
 * ends all that a user runs when the user logs out, unless told otherwise (loginctl(1),
 * enable-linger). `root` is where its files are looked for.
 */
export async function whyNotLasting(user: string, root = "/"): Promise<string | undefined> {
  const isThere = (path: string) => access(join(root, path)).then(() => true, () => false);
  if (!await isThere("run/systemd/system")) return undefined;
  if (await isThere(join("var/lib/systemd/linger", user))) return undefined;
  return 'it ends when its user logs out; "loginctl enable-linger" keeps it, also over a reboot';
}
