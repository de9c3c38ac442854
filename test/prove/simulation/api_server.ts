import { apiResources } from "../../../platforms/kubernetes/api/request.ts";
import { type Process, theWorld } from "./world.ts";

/** An object of the cluster, as JSON has it. */
export interface Stored {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string | undefined;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string | undefined;
    annotations?: Record<string, string>;
    ownerReferences?: { uid: string }[];
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown> | undefined;
  data?: Record<string, string>;
}

/** An answer of the API server; `lines` for a watch. */
export interface ApiAnswer {
  status: number;
  body: string;
  headers?: Record<string, string>;
  watch?: Watch;
}

interface Change {
  version: number;
  place: string;
  namespace: string;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: Stored;
}

/** What is told of the cluster as it happens. */
export interface ClusterEars {
  /** A ledger came that is to be stored. */
  arriving(object: Stored): void;
  /** An object is stored as it is from now on. */
  stored(object: Stored): void;
}

/** How many changes are remembered; a watch that goes on from before them begins anew. */
const remembered = 60;

/** How long it takes until what lost its owner is removed, in milliseconds. */
const collectAfterMs = 700;

const statusKinds = new Set(
  Object.values(apiResources).filter(({ hasStatus }) => hasStatus).map(({ plural }) => plural),
);
const kindOf = new Map(
  Object.entries(apiResources).map(([kind, { plural }]) => [plural, kind]),
);

/** A cluster behind its API server: versions, compare-and-set, statuses, watches, owners. */
export class ApiServer {
  readonly #objects = new Map<string, Stored>();
  readonly #changes: Change[] = [];
  readonly #watches = new Set<Watch>();
  readonly #cutOff = new Map<Process, number>();
  readonly #ears: ClusterEars;
  #version = 100;
  /** How far its clock is ahead of the true time, in milliseconds. */
  offsetMs = 0;

  constructor(ears: ClusterEars) {
    this.#ears = ears;
  }

  get time(): number {
    return theWorld().now + this.offsetMs;
  }

  /** Leaves a process without it until then. */
  cutOff(process: Process, until: number): void {
    this.#cutOff.set(process, until);
    for (const watch of this.#watches) if (watch.process === process) this.#drop(watch);
  }

  isCutOff(process: Process): boolean {
    return (this.#cutOff.get(process) ?? 0) > theWorld().now;
  }

  /** What is stored there, if anything is. */
  find(plural: string, namespace: string, name: string): Stored | undefined {
    return this.#objects.get(`${plural}/${namespace}/${name}`);
  }

  all(plural: string): Stored[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, one]) => one);
  }

  /** Stores an object as somebody does who asks nobody. */
  put(plural: string, object: Stored): void {
    const { namespace = "", name } = object.metadata;
    const before = this.find(plural, namespace, name);
    this.#store(plural, {
      ...object,
      metadata: { ...object.metadata, uid: before?.metadata.uid ?? object.metadata.uid },
    });
  }

  remove(plural: string, namespace: string, name: string): void {
    const key = `${plural}/${namespace}/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#tell("DELETED", plural, object);
    const { uid } = object.metadata;
    theWorld().schedule(collectAfterMs, undefined, () => {
      for (const [owned, { metadata }] of [...this.#objects]) {
        if (!metadata.ownerReferences?.some((owner) => owner.uid === uid)) continue;
        const [plural = "", namespace = "", name = ""] = owned.split("/");
        this.remove(plural, namespace, name);
      }
    });
  }

  /** Tells of a ledger that comes, whatever becomes of the request. */
  hear(body: string): void {
    if (/"(ledger|head)":/.test(body)) this.#ears.arriving(JSON.parse(body));
  }

  /** Answers a request of a process; `since` and later changes of a watch come in lines. */
  answer(method: string, url: URL, body: string | undefined, process: Process): ApiAnswer {
    const parts = url.pathname.split("/").filter((part) => part !== "").map(decodeURIComponent);
    const rest = parts.slice(parts[0] === "api" ? 2 : 3);
    const namespace = rest[0] === "namespaces" ? rest[1]! : "";
    const [plural = "", name, subresource] = rest[0] === "namespaces" ? rest.slice(2) : rest;
    const query = url.searchParams;
    if (plural === "events") return { status: 201, body: body ?? "{}" };
    if (method === "GET" && query.get("watch") === "1") {
      return this.#watch(plural, namespace, Number(query.get("resourceVersion")), process);
    }
    if (method === "GET" && name === undefined) return this.#list(plural, namespace);
    const object = body === undefined ? undefined : JSON.parse(body) as Stored;
    const found = this.find(plural, namespace, name ?? object!.metadata.name);
    const isRehearsal = query.get("dryRun") === "All";
    switch (method) {
      case "GET":
        return found === undefined ? missing(plural, name!) : accept(200, found);
      case "POST": {
        if (found !== undefined) return fail(409, "AlreadyExists");
        return this.#write(plural, namespace, object!, undefined, isRehearsal);
      }
      case "PUT": {
        if (found === undefined) return missing(plural, name!);
        const version = object!.metadata.resourceVersion;
        if (version !== undefined && version !== found.metadata.resourceVersion) {
          return fail(409, "Conflict");
        }
        const next = subresource === "status"
          ? { ...found, status: object!.status }
          : statusKinds.has(plural)
          ? { ...object!, status: found.status }
          : object!;
        return this.#write(plural, namespace, next as Stored, found, isRehearsal);
      }
      case "DELETE": {
        if (found === undefined) return missing(plural, name!);
        const wanted = (object as { preconditions?: { uid?: string } } | undefined)?.preconditions;
        if (wanted?.uid !== undefined && wanted.uid !== found.metadata.uid) {
          return fail(409, "Conflict");
        }
        this.remove(plural, namespace, name!);
        return accept(200, found);
      }
    }
    return fail(405, "MethodNotAllowed");
  }

  #write(
    plural: string,
    namespace: string,
    object: Stored,
    before: Stored | undefined,
    isRehearsal: boolean,
  ): ApiAnswer {
    if (isRehearsal) return accept(before === undefined ? 201 : 200, object);
    const isNewSpec = JSON.stringify(object.spec) !== JSON.stringify(before?.spec);
    const kept = before?.metadata;
    const stored = this.#store(plural, {
      ...object,
      ...(before === undefined && statusKinds.has(plural) ? { status: undefined } : {}),
      metadata: {
        ...object.metadata,
        namespace,
        uid: kept?.uid,
        creationTimestamp: kept?.creationTimestamp,
        generation: (kept?.generation ?? 0) + (isNewSpec || kept === undefined ? 1 : 0),
      },
    });
    return accept(before === undefined ? 201 : 200, stored);
  }

  #store(plural: string, object: Stored): Stored {
    const { namespace = "", name } = object.metadata;
    const key = `${plural}/${namespace}/${name}`;
    const version = ++this.#version;
    const { uid, creationTimestamp, generation = 1 } = object.metadata;
    const stored: Stored = JSON.parse(JSON.stringify({
      ...object,
      kind: kindOf.get(plural),
      metadata: {
        ...object.metadata,
        generation,
        uid: uid ?? `uid-${version}`,
        creationTimestamp: creationTimestamp ??
          new Date(this.time).toISOString().replace(/\.\d+Z/, "Z"),
        resourceVersion: String(version),
      },
    }));
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED";
    this.#objects.set(key, stored);
    this.#tell(type, plural, stored);
    this.#ears.stored(stored);
    return stored;
  }

  #list(plural: string, namespace: string): ApiAnswer {
    const start = namespace === "" ? `${plural}/` : `${plural}/${namespace}/`;
    const items = [...this.#objects].filter(([key]) => key.startsWith(start))
      .map(([, object]) => object);
    const metadata = { resourceVersion: String(this.#version) };
    return { status: 200, body: JSON.stringify({ kind: "List", metadata, items }) };
  }

  #watch(plural: string, namespace: string, since: number, process: Process): ApiAnswer {
    const oldest = this.#changes[0]?.version ?? 0;
    const watch = new Watch(plural, namespace, process);
    if (since < oldest - 1 && this.#changes.length === remembered) {
      watch.take(JSON.stringify({ type: "ERROR", object: { code: 410, message: "too old" } }));
      watch.end();
      return { status: 200, body: "", watch };
    }
    for (const change of this.#changes) if (change.version > since) watch.hear(change);
    this.#watches.add(watch);
    return { status: 200, body: "", watch };
  }

  #tell(type: Change["type"], plural: string, object: Stored): void {
    const version = type === "DELETED" ? ++this.#version : Number(object.metadata.resourceVersion);
    const { namespace = "" } = object.metadata;
    const last = type === "DELETED"
      ? { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
      : object;
    const change = { version, place: plural, namespace, type, object: last };
    this.#changes.push(change);
    if (this.#changes.length > remembered) this.#changes.shift();
    const world = theWorld();
    for (const watch of [...this.#watches]) {
      if (!watch.process.isAlive || watch.isOver) this.#watches.delete(watch);
      else if (world.strikes("watch dropped", `${watch.process.name} ${watch.plural} ${version}`)) {
        this.#drop(watch);
      } else watch.hear(change);
    }
  }

  #drop(watch: Watch): void {
    this.#watches.delete(watch);
    watch.end();
  }
}

/** A watch of a process: lines on their way to it, in their order, each maybe late. */
export class Watch {
  readonly process: Process;
  readonly plural: string;
  readonly #namespace: string;
  readonly #lines: string[] = [];
  #dueAt = 0;
  #wake = () => {};
  isOver = false;

  constructor(plural: string, namespace: string, process: Process) {
    this.plural = plural;
    this.#namespace = namespace;
    this.process = process;
  }

  hear({ place, namespace, type, object, version }: Change): void {
    if (place !== this.plural) return;
    if (this.#namespace !== "" && namespace !== this.#namespace) return;
    const world = theWorld();
    const at = `${this.process.name} ${place} ${version}`;
    const isLate = world.strikes("watch late", at);
    const ms = 1 + 8 * world.draw(`${at} comes`) + (isLate ? 12_000 * world.draw(`${at} late`) : 0);
    this.#dueAt = Math.max(this.#dueAt, world.now + ms);
    const line = JSON.stringify({ type, object });
    world.schedule(this.#dueAt - world.now, this.process, () => this.take(line));
  }

  take(line: string): void {
    if (this.isOver) return;
    this.#lines.push(line);
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  /** What came, as chunks; ends when it is dropped, or the signal aborts. */
  async *chunks(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const stop = () => this.end();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        const line = this.#lines.shift();
        if (line !== undefined) yield new TextEncoder().encode(`${line}\n`);
        else if (this.isOver) return;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

function accept(status: number, object: Stored): ApiAnswer {
  return { status, body: JSON.stringify(object) };
}

function missing(kind: string, name: string): ApiAnswer {
  const details = { name, kind };
  const body = JSON.stringify({ kind: "Status", code: 404, message: "not found", details });
  return { status: 404, body };
}

/** A refusal as the API server words it. */
export function fail(status: number, reason: string): ApiAnswer {
  return {
    status,
    body: JSON.stringify({ kind: "Status", code: status, reason, message: `simulated ${reason}` }),
    ...(status === 429 ? { headers: { "retry-after": "1" } } : {}),
  };
}

let cluster: ApiServer | undefined;

/** The cluster that is simulated now. */
export function theCluster(): ApiServer {
  if (cluster === undefined) throw new Error("no cluster is simulated");
  return cluster;
}

/** Makes it the one that is simulated. */
export function enterCluster(next: ApiServer): void {
  cluster = next;
}
