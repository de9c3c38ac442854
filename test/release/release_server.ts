import * as fs from "node:fs";
import type { ServerResponse } from "node:http";
import * as path from "node:path";
import { trial } from "../../scripts/release/trial.ts";
import { version } from "../../src/version.ts";
import { startStandInServer } from "../e2e/stage/stand_in_server.ts";

/** A server that hands out the release, and what a test has spoiled of it. */
export interface ReleaseServer {
  /** Where the releases are. */
  readonly url: string;
  /** What clients trust it by, in a file. */
  readonly caFile: string;
  readonly requests: string[];
  /** Answers in the place of the release, by file name. */
  readonly spoiled: Record<string, (response: ServerResponse) => void>;
  close(): Promise<void>;
}

/** Starts one on loopback; its certificate is put into `folder`. */
export async function serveRelease(folder: string): Promise<ReleaseServer> {
  const spoiled: ReleaseServer["spoiled"] = {};
  const below = `/hawser/v${version}/`;
  const server = await startStandInServer((request, response) => {
    const name = path.posix.basename(request.url!);
    const answer = spoiled[name];
    if (answer !== undefined) return answer(response);
    const file = path.join(trial, name);
    if (request.url !== below + name || !fs.existsSync(file)) {
      response.statusCode = 404;
      return response.end();
    }
    // whole: Deno's server leaves a stream of a large file unsent at times
    response.end(fs.readFileSync(file));
  });
  const caFile = path.join(folder, "ca.pem");
  fs.writeFileSync(caFile, server.ca);
  return {
    url: `${server.url}/hawser`,
    caFile,
    requests: server.requests,
    spoiled,
    close: () => server.close(),
  };
}

/** Answers as a connection does that breaks after some of the file. */
export function cutOff(name: string): (response: ServerResponse) => void {
  return (response) => {
    response.setHeader("content-length", fs.statSync(path.join(trial, name)).size);
    response.write(fs.readFileSync(path.join(trial, name)).subarray(0, 100_000), () => {
      response.destroy();
    });
  };
}
