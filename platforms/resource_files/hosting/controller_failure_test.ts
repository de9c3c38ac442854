import assert from "node:assert/strict";
import { test } from "node:test";
import { type AppError, appError } from "../../../src/errors/app_error.ts";
import { controllerFailure } from "./controller_failure.ts";
import { controllerFiles } from "./controller_files.ts";

const files = controllerFiles("/nowhere");

/** What a controller writes that has started and ended with that error. */
function outputOf({ code, message }: AppError): string {
  const lines = [{ event: "stopping", error: "no object" }, { error: { code, message } }];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

test("controllerFailure() passes on what a user has a remedy for", async () => {
  const errors = [
    appError("controller-running", { home: files.home, as: undefined }),
    appError("port-in-use", { host: "*", port: 9191, option: "--grant-port" }),
    appError("port-forbidden", { host: "*", port: 443, option: "--grant-port" }),
    appError("data-home-unusable", { path: files.home, why: "it is full: of eels" }),
  ];
  for (const error of errors) {
    const failure = await controllerFailure(files, { output: outputOf(error) });
    assert.deepEqual([failure.code, failure.data], [error.code, error.data]);
  }
});

test("controllerFailure() says of all else that the controller did not start, and why", async () => {
  const cause = appError("not-stopped", { pid: 1 });
  const failure = await controllerFailure(files, { output: outputOf(cause), log: "a.log" });
  assert.deepEqual(failure.data, { why: cause.message, log: "a.log" });
  const silent = await controllerFailure(files, { output: "", ending: "SIGKILL" });
  assert.deepEqual(silent.data, { why: "it ended without a word (SIGKILL)" });
});
