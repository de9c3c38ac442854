import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, WorkQueue } from "./queue.ts";

interface Gate {
  item: string;
  finish(outcome?: Outcome): void;
  fail(error: unknown): void;
}

/** A queue whose work ends when the test says so; `next()` gives the piece of work begun next. */
function gatedQueue(limit = 8, shareOf?: (item: string) => string, slowMs?: number) {
  const begun: Gate[] = [];
  const awaited: ((gate: Gate) => void)[] = [];
  const failures: unknown[] = [];
  const queue = new WorkQueue<string>({
    keyOf: (item) => item,
    work: (item) =>
      new Promise<Outcome>((resolve, reject) => {
        const gate = { item, finish: (outcome = {}) => resolve(outcome), fail: reject };
        const waiter = awaited.shift();
        if (waiter === undefined) begun.push(gate);
        else waiter(gate);
      }),
    failed: (_item, error) => void failures.push(error),
    limit,
    ...(shareOf && { shareOf }),
    ...(slowMs === undefined ? {} : { slowMs }),
  });
  function next(): Promise<Gate> {
    const gate = begun.shift();
    return gate === undefined
      ? new Promise((resolve) => awaited.push(resolve))
      : Promise.resolve(gate);
  }
  return { queue, next, begun, failures };
}

async function settle() {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("a key added many times while it waits is worked on once", async () => {
  const { queue, next, begun } = gatedQueue(1);
  queue.add("first");
  queue.add("a");
  queue.add("a");
  queue.add("a", 5);
  (await next()).finish();
  const a = await next();
  assert.equal(a.item, "a");
  a.finish();
  await settle();
  assert.equal(begun.length, 0);
  await queue.stop();
});

test("a key added while it is worked on is worked on again, never twice at once", async () => {
  const { queue, next, begun } = gatedQueue();
  queue.add("a");
  const first = await next();
  queue.add("a");
  queue.add("a");
  await settle();
  assert.equal(begun.length, 0);
  first.finish();
  (await next()).finish();
  await settle();
  assert.equal(begun.length, 0);
  await queue.stop();
});

test("different keys run beside each other, up to the limit", async () => {
  const { queue, next, begun } = gatedQueue(2);
  queue.add("a");
  queue.add("b");
  queue.add("c");
  const a = await next();
  const b = await next();
  await settle();
  assert.equal(begun.length, 0);
  b.finish();
  const c = await next();
  assert.equal(c.item, "c");
  a.finish();
  c.finish();
  await queue.stop();
});

test("what failed is reported and comes again", async () => {
  const { queue, next, failures } = gatedQueue();
  queue.add("a");
  const error = new Error("not today");
  (await next()).fail(error);
  const again = await next();
  assert.deepEqual(failures, [error]);
  again.finish();
  await queue.stop();
});

test("againInMs brings the key back, and a change meanwhile brings it sooner", async () => {
  const { queue, next } = gatedQueue();
  queue.add("a");
  (await next()).finish({ againInMs: 5 });
  (await next()).finish({ againInMs: 3_600_000 });
  await settle();
  queue.add("a");
  (await next()).finish();
  await queue.stop();
});

test("work put off while the key runs is done after it", async () => {
  const { queue, next } = gatedQueue();
  queue.add("a");
  const first = await next();
  queue.add("a", 5);
  await new Promise((resolve) => setTimeout(resolve, 20));
  first.finish();
  (await next()).finish();
  await queue.stop();
});

test("stop() begins nothing more and waits for what runs", async () => {
  const { queue, next, begun } = gatedQueue(1);
  queue.add("a");
  queue.add("b");
  const a = await next();
  let stopped = false;
  const stopping = queue.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  a.finish({ againInMs: 0 });
  await stopping;
  queue.add("c");
  await settle();
  assert.equal(begun.length, 0);
});

const firstLetter = (item: string) => item[0]!;

test("work that hangs keeps no other share from beginning, and its own has half", async () => {
  const { queue, next, begun } = gatedQueue(16, firstLetter);
  for (let i = 0; i < 100; i++) queue.add(`a${i}`);
  await settle();
  assert.equal(begun.length, 8);
  queue.add("b0");
  queue.add("c0");
  await settle();
  assert.deepEqual(begun.slice(8).map(({ item }) => item), ["b0", "c0"]);
  for (let i = 0; i < 100; i++) queue.add(`b${i}`);
  await settle();
  assert.equal(begun.filter(({ item }) => item.startsWith("b")).length, 4);
  queue.add("d0");
  await settle();
  assert.equal(begun.at(-1)?.item, "d0");
  while (begun.length > 0) (await next()).finish();
  void queue.stop();
});

test("what is freed goes to the share that has the least under way", async () => {
  const { queue, next, begun } = gatedQueue(4, firstLetter);
  for (const item of ["a0", "a1", "a2", "a3", "b0", "b1", "b2"]) queue.add(item);
  await settle();
  assert.deepEqual(begun.map(({ item }) => item), ["a0", "a1", "b0"]);
  const [a0, a1, b0] = [await next(), await next(), await next()];
  b0.finish();
  const b1 = await next();
  assert.equal(b1.item, "b1");
  a0.finish();
  a1.finish();
  const both = [await next(), await next()];
  assert.deepEqual(both.map(({ item }) => item).sort(), ["a2", "b2"]);
  for (const gate of [b1, ...both]) gate.finish();
  (await next()).finish();
  await queue.stop();
});

test("among shares that have as much under way each has its turn", async () => {
  const { queue, next } = gatedQueue(1, firstLetter);
  for (const share of ["a", "b", "c"]) for (let i = 0; i < 9; i++) queue.add(`${share}${i}`);
  const turns: string[] = [];
  (await next()).finish(); // it has begun before there were others
  for (let i = 0; i < 6; i++) {
    const gate = await next();
    turns.push(firstLetter(gate.item));
    gate.finish();
  }
  assert.deepEqual(turns, ["a", "b", "c", "a", "b", "c"]);
  (await next()).finish();
  void queue.stop();
});

test("however many shares hang, one that does not begins at once", async () => {
  const { queue, next, begun } = gatedQueue(16, firstLetter, 0);
  const hanging = "abcdefghijkl";
  for (const share of hanging) for (let i = 0; i < 40; i++) queue.add(`${share}${i}`);
  await settle();
  assert.equal(begun.length, 16, "nothing is known of them yet");
  // what ends makes room for the same shares again, and they are known to be slow by now
  for (let i = 0; i < 60; i++) (await next()).finish();
  await settle();
  assert.equal(begun.length, 12, "a quarter is left to the others");
  queue.add("z0");
  await settle();
  assert.equal(begun.at(-1)?.item, "z0");
  void queue.stop();
});
