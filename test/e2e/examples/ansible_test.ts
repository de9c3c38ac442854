import assert from "node:assert/strict";
import { test } from "node:test";
import { inSandbox, type Outcome, type Sandbox } from "../stage/harness.ts";
import { loadExample } from "./example.ts";

interface Play {
  hosts: string;
  environment: Record<string, string>;
  tasks: Task[];
}

interface Task {
  name: string;
  "ansible.builtin.command": { argv: string[]; stdin?: string };
  register?: string;
  changed_when?: boolean | string;
  failed_when?: string;
  delegate_to?: string;
  when?: string;
}

/** What has been registered, and which tasks were run. */
interface Run {
  registered: Record<string, Outcome>;
  names: string[];
}

/** The conditions of the playbook; any other one fails the test. */
const conditions: Record<string, (registered: Run["registered"]) => boolean> = {
  "controller.rc == 3": ({ controller }) => controller!.code === 3,
  "links.stdout | from_json | length == 0": ({ links }) => JSON.parse(links!.stdout).length === 0,
};

test(
  "the tasks of ansible.yml link two hosts, and change nothing when run again",
  inSandbox(async (sandbox) => {
    const first = await play(sandbox);
    assert.ok(first.includes("Start the controller") && first.includes("Redeem it"));
    const east = { env: homeOf(sandbox, "east") };
    const list = ["link", "status", "-o", "json"];
    const links = JSON.parse((await sandbox.succeed(list, east)).stdout);
    assert.equal(links.length, 1);

    const again = await play(sandbox);
    assert.deepEqual(
      again,
      ["Create the site", "Look whether a controller runs"].concat(
        ["Create the site", "Look for a link"],
      ),
    );
    assert.deepEqual(JSON.parse((await sandbox.succeed(list, east)).stdout), links);
  }),
);

/** Plays the playbook, each host having a data home of its own; gives the names of what was run. */
async function play(sandbox: Sandbox): Promise<string[]> {
  const run: Run = { registered: {}, names: [] };
  const [plays] = loadExample<Play[]>("ansible.yml");
  for (const { hosts, environment, tasks } of plays!) {
    for (const task of tasks) await runTask(sandbox, task, { hosts, environment }, run);
  }
  return run.names;
}

async function runTask(
  sandbox: Sandbox,
  task: Task,
  { hosts, environment }: Pick<Play, "hosts" | "environment">,
  { registered, names }: Run,
): Promise<void> {
  if (task.when !== undefined && !conditions[task.when]!(registered)) return;
  names.push(task.name);
  const { argv, stdin } = task["ansible.builtin.command"];
  const [program, ...args] = argv.map((word) => word.replace("{{ ansible_host }}", "127.0.0.1"));
  const input = stdin?.replace(/\{\{ (\w+)\.stdout \}\}/, (_, name) => registered[name]!.stdout);
  const outcome = await sandbox.run(program!, args, {
    env: { ...environment, ...homeOf(sandbox, task.delegate_to ?? hosts) },
    printsToken: args.join(" ").startsWith("token issue -"),
    ...(input === undefined ? {} : { stdin: input }),
  });
  const allowed = /not in (\[[\d, ]+\])/.exec(task.failed_when ?? "not in [0]")![1]!;
  assert.ok(JSON.parse(allowed).includes(outcome.code), `${task.name}\n${outcome.stderr}`);
  if (task.register !== undefined) registered[task.register] = outcome;
}

function homeOf(sandbox: Sandbox, host: string): Record<string, string> {
  return { HAWSER_DATA_HOME: `${sandbox.folder}/${host}` };
}
