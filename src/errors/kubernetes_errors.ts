import { entry } from "./entry.ts";

/** What can go wrong between this program and a Kubernetes API server. */
export const kubernetesErrors = {
  "kubeconfig-invalid": entry<{ file: string; why: string }>({
    exit: "usage",
    message: (d) => `Cannot use the kubeconfig ${d.file}: ${d.why}`,
  }),
  "context-unset": entry<{ files: string; known: string[] }>({
    exit: "usage",
    message: (d) => `No current context is set in ${d.files}`,
    hint: (d) => `Choose one with --context: ${d.known.join(", ")}`,
  }),
  "context-unknown": entry<{ context: string; files: string; known: string[] }>({
    exit: "usage",
    message: (d) => `Context "${d.context}" does not exist in ${d.files}`,
    hint: (d) => d.known.length === 0 ? undefined : `Contexts there: ${d.known.join(", ")}`,
  }),

  "kubeconfig-missing": entry<{ files: string }>({
    exit: "precondition",
    message: (d) => `Cannot find a Kubernetes cluster: there is no ${d.files}`,
    hint: () =>
      "Name a file with --kubeconfig or KUBECONFIG, or another platform with -p (docker, podman, linux).",
  }),
  "kubeconfig-empty": entry<{ files: string }>({
    exit: "precondition",
    message: (d) => `Cannot find a Kubernetes cluster: ${d.files} names none`,
    hint: () =>
      "Name another file with --kubeconfig or KUBECONFIG, or another platform with -p (docker, podman, linux).",
  }),
  "crd-missing": entry<{ resource: string; context: string }>({
    exit: "precondition",
    message: (d) =>
      `The cluster of context "${d.context}" has no resource ${d.resource}` +
      (isOfSkupper(d.resource) ? ": Skupper is not installed there" : ""),
    hint: (d) =>
      isOfSkupper(d.resource) ? "kubectl apply -f https://skupper.io/v2/install.yaml" : undefined,
  }),
  "controller-absent": entry<{ namespace: string; home: string }>({
    exit: "precondition",
    message: (d) => `No controller is running for namespace "${d.namespace}" of ${d.home}`,
    hint: (_d, say) => `${say.command("controller manifest")} | kubectl apply -f -`,
  }),
  "cluster-unseen": entry<{ why: string }>({
    exit: "precondition",
    message: (d) => `Cannot see what the cluster lacks: ${d.why}`,
    hint: () =>
      "--crds prints Skupper's resource definitions and the namespace too, --no-crds leaves them out.",
  }),
  "namespace-terminating": entry<{ namespace: string }>({
    exit: "precondition",
    message: (d) => `Namespace "${d.namespace}" is being deleted`,
  }),

  "credentials-failed": entry<{ context: string; why: string; hint?: string }>({
    exit: "refused",
    message: (d) => `Cannot get credentials for context "${d.context}": ${d.why}`,
    hint: (d) => d.hint,
  }),
  "unauthenticated": entry<{ url: string; context: string; why?: string }>({
    exit: "refused",
    message: (d) =>
      `The API server at ${d.url} does not accept the credentials of context "${d.context}"` +
      (d.why === undefined ? "" : `: ${d.why}`),
  }),
  /** A namespace of "" stands for the whole cluster. */
  "forbidden": entry<{
    verb: string;
    resource: string;
    namespace: string;
    user: string;
    /** All that the command needs and the user lacks, and the role that has it. */
    lacks?: { command: string; missing: string[]; role: string; namespace: string };
  }>({
    exit: "refused",
    message: (d) =>
      `User "${d.user}" may not ${d.verb} ${d.resource} in ` +
      (d.namespace === "" ? "the whole cluster" : `namespace "${d.namespace}"`),
    hint(d, say) {
      const ask = "Ask an administrator of the cluster for a role with";
      const one = `${ask} the verb ${d.verb} on ${d.resource}`;
      const { missing = [], command, role, namespace } = d.lacks ?? {};
      const all = missing.length < 2
        ? one
        : `${ask} all that "${command}" lacks: ${missing.join(", ")}`;
      if (role === undefined) return `${one}.`;
      const manifest = `controller manifest --role ${role} -n ${namespace}`;
      return `${all}; one of that kind: ${say.program} ${manifest} | kubectl apply -f -`;
    },
  }),
  "request-denied": entry<{ verb: string; resource: string; why: string }>({
    exit: "refused",
    message: (d) => `The cluster does not allow to ${d.verb} this of ${d.resource}: ${d.why}`,
  }),

  "api-failed": entry<{ url: string; status: number; message: string; retryAfterMs?: number }>({
    exit: "unreachable",
    message: (d) => `The API server at ${d.url} answered ${d.status}: ${d.message}`,
  }),
  "api-answer-invalid": entry<{ url: string; why: string }>({
    exit: "failed",
    message: (d) => `The answer of the API server at ${d.url} is not acceptable: ${d.why}`,
    hint: () => "Is it the API server of a Kubernetes cluster?",
  }),
} as const;

function isOfSkupper(resource: string): boolean {
  return /\.skupper\.io(\/|$)/.test(resource);
}
