import * as fs from "node:fs";

const sharedMemory = "/dev/shm";

/**
 * Removes the shared memory that killed faketime processes left. Its names hold the process's
 * number, and a faketime that gets the number of a killed one ends at once.
 */
export function removeFaketimeLeavings(): void {
  for (const name of fs.readdirSync(sharedMemory)) {
    const pid = /^(?:sem\.)?faketime_(?:shm|sem)_(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !fs.existsSync(`/proc/${pid}`)) {
      fs.rmSync(`${sharedMemory}/${name}`, { force: true });
    }
  }
}
