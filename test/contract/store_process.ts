/**
 * Works on a data home as another process: `store_process.ts <data home> increment <grant> <times>`
 * raises a grant's redemptions; `… rewrite <times>` applies a Secret and a grant over and over.
 */
import process from "node:process";
import { increment } from "./increment.ts";
import { openTestStore } from "./test_store.ts";

const [home, task, ...rest] = process.argv.slice(2);
const store = openTestStore(home!);
const signal = new AbortController().signal;
if (task === "increment") await increment(store, rest[0]!, Number(rest[1]));
if (task === "rewrite") {
  console.log("started");
  for (let round = 0; round < Number(rest[0]); round++) {
    const content = String(round).repeat(5000);
    await store.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `s${round % 10}` },
      stringData: { content, end: "end" },
    }, signal);
    await store.apply({
      apiVersion: "skupper.io/v2alpha1",
      kind: "AccessGrant",
      metadata: { name: `g${round % 10}` },
      spec: { code: content, settings: { end: "end" } },
    }, signal);
  }
}
