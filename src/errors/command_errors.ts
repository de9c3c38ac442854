import { entry } from "./entry.ts";

/** What was awaited when a signal ended the command, and how it stood then. */
interface EndedWait {
  what?: string;
  last?: string;
}

/** What a command line, a file or the end of a wait can be wrong with. */
export const commandErrors = {
  "command-missing": entry<
    { words: string; program: string; variable: string; suggestion?: string }
  >({
    exit: "usage",
    message: (d) =>
      `This ${d.program} is hawser, which has no ${
        d.words === "" ? "such command" : `command "${d.words}"`
      }: ` +
      (d.program === "jf"
        ? "it makes JFrog access tokens, and keeps the servers in jf's file"
        : "it issues and redeems the tokens that link sites"),
    hint: (d) =>
      (d.suggestion === undefined ? "" : `${d.suggestion} `) +
      `${d.program === "jf" ? "JFrog's own jf" : "Skupper's own skupper"} is needed for that; ` +
      `${d.variable}=auto hands such commands to it. What there is here: ${d.program} --help`,
  }),
  "real-program-unusable": entry<{ program: string; why: string; variable: string }>({
    exit: "precondition",
    message: (d) => `The command can't be handed over to ${d.program}: ${d.why}`,
    hint: (d) => `${d.variable} names the program that has it, or is auto for the next in PATH.`,
  }),
  "usage": entry<{ message: string; help: string }>({
    exit: "usage",
    message: (d) => d.message,
    hint: (d) => d.help,
  }),
  "secret-in-sight": entry<{ what: string; where: string }>({
    exit: "usage",
    message: (d) => `${d.what} would be seen ${d.where}`,
    hint: () =>
      "Hand it over with --to, redirect the output, or print it all the same with --reveal.",
  }),
  "invalid-value": entry<{ name: string; value: string; wanted: string }>({
    exit: "usage",
    message: (d) => `Invalid value "${d.value}" for ${d.name}: it must be ${d.wanted}`,
  }),
  "platform-unsupported": entry<{ platform: string; what: string; instead?: string }>({
    exit: "precondition",
    message: (d) => `Platform "${d.platform}" does not support ${d.what}`,
    hint: (d) => d.instead,
  }),
  "option-of-other-platform": entry<{ option: string; of: string; platform: string }>({
    exit: "usage",
    message: (d) =>
      `${d.option} is an option of platform "${d.of}", and the platform in force is "${d.platform}"`,
    hint: (d) => `Leave it out, or choose the platform with -p ${d.of}.`,
  }),
  "option-unsupported": entry<{ option: string; why: string; instead: string }>({
    exit: "usage",
    message: (d) => `Option ${d.option} is not supported: ${d.why}`,
    hint: (d) => d.instead,
  }),
  "problems-found": entry<{ problems: number }>({
    exit: "precondition",
    message: (d) => `${d.problems} problem${d.problems === 1 ? " stands" : "s stand"} in the way`,
  }),
  "file-too-large": entry<{ file: string; maxBytes: number }>({
    exit: "usage",
    message: (d) => `File ${d.file} is larger than ${d.maxBytes} bytes`,
  }),
  "resource-invalid": entry<{ where: string; why: string }>({
    exit: "usage",
    message: (d) => `Invalid resource in ${d.where}: ${d.why}`,
  }),
  "value-hidden": entry<{ where: string; field: string; kind: string; name: string }>({
    exit: "usage",
    message: (d) => `${d.field} of ${d.kind} "${d.name}" in ${d.where} is hidden, and no value`,
    hint: (d, say) =>
      `It was printed without its secrets. With them: ${
        say.command(`get ${d.kind.toLowerCase()} ${d.name} -o yaml --show-secrets`)
      }`,
  }),
  "kind-foreign": entry<{ where: string; kind: string; isSkuppers: boolean; kinds: string }>({
    exit: "usage",
    message: (d) => `Invalid resource in ${d.where}: hawser applies no ${d.kind}`,
    hint: (d) =>
      `It applies ${d.kinds}. ` +
      (d.isSkuppers
        ? "Skupper's own skupper reads the others from input/resources, and kubectl applies them on Kubernetes."
        : "kubectl applies others on Kubernetes."),
  }),
  "namespace-differs": entry<{ where: string; named: string; namespace: string }>({
    exit: "usage",
    message: (d) =>
      `The resource in ${d.where} is of namespace "${d.named}", and the namespace in force is "${d.namespace}"`,
    hint: (d) => `Leave -n out, or give -n ${d.named}.`,
  }),
  "field-unknown": entry<{ where: string; field: string; likely?: string }>({
    exit: "usage",
    message: (d) =>
      `Unknown field in ${d.where}: ${d.field} has no effect` +
      (d.likely === undefined ? "" : `; is ${d.likely} meant?`),
  }),
  "file-ignored": entry<{ file: string; why: string }>({
    exit: "usage",
    message: (d) => `What ${d.file} holds is left out: ${d.why}`,
  }),
  "file-not-found": entry<{ file: string }>({
    exit: "not-found",
    message: (d) => `File ${d.file} does not exist`,
  }),
  "file-exists": entry<{ file: string }>({
    exit: "conflict",
    message: (d) => `File ${d.file} exists and is not a token file`,
    hint: () => "Use --force to replace it.",
  }),
  "not-writable": entry<{ path: string; why: string }>({
    exit: "failed",
    message: (d) => `Cannot write ${d.path}: ${d.why}`,
  }),
  "not-readable": entry<{ path: string; why: string }>({
    exit: "failed",
    message: (d) => `Cannot read ${d.path}: ${d.why}`,
  }),
  "audit-broken": entry<{ where: string; line: number; why: string; more: number }>({
    exit: "failed",
    message: (d) =>
      `The audit is broken at line ${d.line} of ${d.where}: ${d.why}` +
      (d.more === 0 ? "" : ` (and at ${d.more} other lines)`),
    hint: () => "Records were changed, taken out or added after they were written.",
  }),
  "audit-differs": entry<{ where: string; expected: string; found: string }>({
    exit: "failed",
    message: (d) => `The audit of ${d.where} does not hold record ${d.expected}: ${d.found}`,
    hint: () => "Records were changed or taken out after that record was noted.",
  }),
  "resource-not-found": entry<{ kind: string; name: string; namespace: string; list?: string }>({
    exit: "not-found",
    message: (d) => `${d.kind} "${d.name}" does not exist in namespace "${d.namespace}"`,
    hint: (d, say) => (d.list === undefined ? undefined : say.command(d.list)),
  }),
  "conflict": entry<{ kind: string; name: string }>({
    exit: "conflict",
    retry: true,
    message: (d) => `${d.kind} "${d.name}" was changed meanwhile`,
  }),
  "timed-out": entry<{ after: string; what?: string; last?: string; lastError?: string }>({
    exit: "timed-out",
    message: (d) =>
      `Timed out after ${d.after}` +
      (d.what === undefined ? "" : ` waiting for ${d.what}`) +
      (d.last === undefined ? "" : `: ${d.last}`) +
      (d.lastError === undefined ? "" : ` (last error: ${d.lastError})`),
  }),
  "answer-missing": entry<{ question: string; option: string }>({
    exit: "usage",
    message: (d) => `Standard input ended where "${d.question}" was to be answered`,
    hint: (d) => `Give ${d.option}.`,
  }),
  "interrupted": entry<EndedWait>({
    exit: "interrupted",
    message: (d) => `Interrupted${describeWait(d)}`,
  }),
  "terminated": entry<EndedWait>({
    exit: "terminated",
    message: (d) => `Terminated${describeWait(d)}`,
  }),
} as const;

function describeWait({ what, last }: EndedWait): string {
  if (what === undefined) return "";
  return ` while waiting for ${what}${last === undefined ? "" : `: ${last}`}`;
}
