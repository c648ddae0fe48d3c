/** The cluster of a ferry company, which the tests of the tool take. */
import type { ClusterDeclaration } from "../cilium/language.ts";
import argocd from "./argocd.ts";
import booking from "./booking.ts";
import data from "./data.ts";
import identity from "./identity.ts";
import jobs from "./jobs.ts";
import kubeSystem, { coredns } from "./kube-system.ts";
import monitoring from "./monitoring.ts";
import { policyPack } from "./policy-pack.ts";

export const cluster: ClusterDeclaration = {
  dns: coredns.dns,
  policyPack,
  namespaces: [argocd, booking, monitoring, data, jobs, identity, kubeSystem],
};
