import { KubeConfig } from "@kubernetes/client-node";

console.log(new KubeConfig().getContexts());
