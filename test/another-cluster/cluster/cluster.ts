/** A cluster that has nothing in common with this one but CoreDNS: what stays green with it is about the tool. */
import type { ClusterDeclaration } from "../cilium/language.ts";
import kubeSystem, { coredns } from "./kube-system.ts";
import shop from "./shop.ts";

export const cluster: ClusterDeclaration = {
  dns: coredns.dns,
  namespaces: [kubeSystem, shop],
};
