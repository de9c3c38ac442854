/** What of all platforms is seen from this machine without opening one. */
export interface MachineLookups {
  /** The namespaces that there are on this machine. */
  readonly namespaces?: (env: Record<string, string | undefined>) => Promise<string[]>;
  /** The contexts that kubeconfigs name. */
  readonly contexts?: (
    request: { kubeconfig: string | undefined; env: Record<string, string | undefined> },
  ) => Promise<string[]>;
}
