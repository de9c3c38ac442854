/** What marks the Secrets that the controller keeps for itself. */
export const managedLabels = { "app.kubernetes.io/managed-by": "hawser" };
