import { createHash } from "node:crypto";
import { applicationLabel } from "./image.ts";

/** What a controller's container is made for. */
export interface ContainerPurpose {
  image: string;
  home: string;
  /** Words after the executable's. */
  command: string[];
  env: Record<string, string>;
  /** Folders that it reads beside the data home. */
  readable?: string[];
  /** As the container sees it: `uid:gid`. */
  user: string;
  /** How long the controller may take to end, in milliseconds. */
  stopWithinMs: number;
}

/** The labels that tell the containers of a data home from all others. */
export function homeLabels(home: string): string[] {
  return [applicationLabel, `hawser.data-home=${home}`];
}

/**
 * The names a controller's container may have: two, as one takes over from the other. They differ
 * by data home, for an engine may have many.
 */
export function containerNames(home: string): [string, string] {
  const id = createHash("sha256").update(home).digest("hex").slice(0, 8);
  return [`hawser-controller-${id}`, `hawser-controller-${id}-b`];
}

/**
 * What the engine is asked for: the host's network, so that the controller listens as a process of
 * this machine would, and as little else as it can do with.
 */
export function containerSpec(purpose: ContainerPurpose): Record<string, unknown> {
  const { image, home, command, env, readable = [], user, stopWithinMs } = purpose;
  return {
    Image: image,
    Cmd: command,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    User: user,
    WorkingDir: home,
    Labels: Object.fromEntries(homeLabels(home).map((label) => label.split(/=(.*)/s, 2))),
    StopTimeout: Math.ceil(stopWithinMs / 1000),
    HostConfig: {
      // at the same path, as state files name paths; relabelled where SELinux is in force
      Binds: [`${home}:${home}:z`, ...readable.map((path) => `${path}:${path}:ro`)],
      NetworkMode: "host",
      UsernsMode: "host",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      // what upstream has: other ones are not started again with the machine by every engine
      RestartPolicy: { Name: "always" },
    },
  };
}
