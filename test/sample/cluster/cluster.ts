/** The cluster: its namespaces, in the order of the tables. */
import type { ClusterDeclaration } from "../cilium/language.ts";
import onePassword from "./1password.ts";
import argo from "./argo.ts";
import argocd from "./argocd.ts";
import certManager from "./cert-manager.ts";
import cnpgSystem from "./cnpg-system.ts";
import database from "./database.ts";
import externalDns from "./external-dns.ts";
import kanidm from "./kanidm.ts";
import kubeSystem, { coredns } from "./kube-system.ts";
import monitoring from "./monitoring.ts";
import oauth2Proxy from "./oauth2-proxy.ts";
import { policyPack } from "./policy-pack.ts";
import seaweedfs from "./seaweedfs.ts";
import trident from "./trident.ts";
import trivySystem from "./trivy-system.ts";

export const cluster: ClusterDeclaration = {
  dns: coredns.dns,
  policyPack,
  namespaces: [
    argocd,
    argo,
    monitoring,
    seaweedfs,
    kubeSystem,
    database,
    certManager,
    externalDns,
    cnpgSystem,
    onePassword,
    kanidm,
    oauth2Proxy,
    trivySystem,
    trident,
  ],
};
