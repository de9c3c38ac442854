import { randomBytes } from "node:crypto";
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Announcement } from "../../../src/controller/announcement.ts";
import { formatTime } from "../../../src/controller/conditions.ts";
import { apiVersion } from "../../../src/resources/resource.ts";
import type { Now } from "../../../src/runtime/clock.ts";
import type { ApiClient } from "../api/client.ts";
import { controllerName } from "../deployed_names.ts";

/** An Event as it is written: times as text, as JSON has them. */
type EventBody = Omit<CoreV1Event, "firstTimestamp" | "lastTimestamp"> & {
  firstTimestamp: string;
  lastTimestamp: string;
};

/** Outcomes of one kind of one resource that are held back. */
interface HeldBack {
  latest: Announcement | undefined;
  count: number;
  firstAt: number;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * How long until a resource may have another Event of the same reason, in milliseconds: a popular
 * grant has many outcomes.
 */
const quietMs = 30_000;

/**
 * The most Events under way at once. More are dropped: whoever floods the service must not flood
 * the cluster.
 */
const maxUnderWay = 32;

/** The API allows a note no more characters. */
const maxMessageLength = 1024;

/** Publishes outcomes as Events of the cluster (core/v1); what can't be published is lost. */
export class EventRecorder {
  readonly #api: ApiClient;
  readonly #replica: string;
  readonly #onProblem: (problem: unknown) => void;
  readonly #now: Now;
  readonly #heldBack = new Map<string, HeldBack>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #end = new AbortController();

  constructor(
    api: ApiClient,
    replica: string,
    onProblem: (problem: unknown) => void,
    now: Now = Date.now,
  ) {
    this.#api = api;
    this.#replica = replica;
    this.#onProblem = onProblem;
    this.#now = now;
  }

  /**
   * Publishes the outcome at once, or holds it back and publishes the latest of several with their
   * number.
   */
  announce(announcement: Announcement): void {
    const { about, reason } = announcement;
    const key = `${about.uid}/${reason}`;
    const held = this.#heldBack.get(key);
    if (held === undefined) {
      this.#holdBack(key);
      this.#publish(announcement, 1, this.#now());
    } else {
      if (held.count === 0) held.firstAt = this.#now();
      held.latest = announcement;
      held.count++;
    }
  }

  /** Publishes what is held back, and waits a moment for what is under way. */
  async stop(limitMs: number): Promise<void> {
    for (const key of [...this.#heldBack.keys()]) this.#release(key);
    const limit = setTimeout(() => this.#end.abort(new Error("stopped")), limitMs);
    await Promise.all(this.#underWay);
    clearTimeout(limit);
    for (const { timer } of this.#heldBack.values()) clearTimeout(timer);
  }

  #holdBack(key: string): void {
    const timer = setTimeout(() => this.#release(key), quietMs);
    this.#heldBack.set(key, { latest: undefined, count: 0, firstAt: 0, timer });
  }

  #release(key: string): void {
    const { latest, count, firstAt, timer } = this.#heldBack.get(key)!;
    clearTimeout(timer);
    this.#heldBack.delete(key);
    if (latest === undefined) return;
    this.#holdBack(key);
    this.#publish(latest, count, firstAt);
  }

  #publish(announcement: Announcement, count: number, firstAt: number): void {
    if (this.#underWay.size >= maxUnderWay) return;
    const { kind, namespace, name, uid } = announcement.about;
    const body: EventBody = {
      // as client-go names them: the resource's name, and an ending that no other has
      metadata: { namespace, name: `${name.slice(0, 230)}.${randomBytes(8).toString("hex")}` },
      involvedObject: { apiVersion, kind, namespace, name, uid },
      type: announcement.isProblem ? "Warning" : "Normal",
      reason: announcement.reason,
      message: announcement.message.slice(0, maxMessageLength),
      count,
      firstTimestamp: formatTime(firstAt),
      lastTimestamp: formatTime(this.#now()),
      source: { component: controllerName },
      reportingComponent: controllerName,
      reportingInstance: this.#replica,
    };
    const request = { verb: "create", kind: "Event", namespace, body } as const;
    const sending: Promise<void> = this.#api.send(request, this.#end.signal)
      .then(() => {}, this.#onProblem)
      .finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }
}
