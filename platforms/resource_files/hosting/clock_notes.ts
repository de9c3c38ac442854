import { stat } from "node:fs/promises";
import type { ClockMemory, ClockNotes } from "../../../src/controller/controller_clock.ts";
import { readJson, writeJson } from "./controller_files.ts";

/** What a controller observed of the clocks, as a file; its file system has a clock of its own. */
export function clockNotes(path: string): ClockMemory {
  return {
    async read() {
      const notes = await readJson<ClockNotes>(path);
      return isSound(notes) ? notes : undefined;
    },
    async write(notes) {
      await writeJson(path, notes);
      return (await stat(path)).mtimeMs;
    },
  };
}

/** Notes that are not what was written are none: then it is observed anew. */
function isSound(notes: ClockNotes | undefined): notes is ClockNotes {
  return typeof notes?.observedMs === "number" && Array.isArray(notes.spells) &&
    notes.spells.every((spell) =>
      Array.isArray(spell) && spell.length === 3 && spell.every(Number.isFinite)
    );
}
