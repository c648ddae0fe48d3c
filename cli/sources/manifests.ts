/** What a set of Kubernetes objects says that matters here: policies, and the cluster that they are judged against. */
import { z } from "zod";
import { didYouMean } from "../../cilium/model/names.ts";
import { type Policy, policy as policySchema } from "../../cilium/policy/schema.ts";
import type { CidrGroup } from "../../cilium/reach/compile/inventory.ts";
import { Failure } from "../failure.ts";
import type { Document } from "./documents.ts";
import { clusterConfig, type NamespaceObject, type NodeObject, objects, type PodObject } from "./objects.ts";

export interface Manifests {
  readonly policies: PlacedPolicy[];
  /** Policies that the API server would not store as they stand. */
  readonly malformed: MalformedPolicy[];
  readonly pods: PodObject[];
  readonly namespaces: NamespaceObject[];
  readonly nodes: NodeObject[];
  readonly cidrGroups: CidrGroup[];
  /** Cilium's `cluster-name`, where its ConfigMap is among the objects. */
  readonly clusterNames: string[];
  /** Objects that say nothing here. */
  readonly others: OtherObject[];
}

export interface OtherObject {
  readonly apiVersion: string;
  /** `without apiVersion and kind` where it does not say. */
  readonly kind: string;
  readonly value: unknown;
}

export interface PlacedPolicy {
  readonly place: string;
  readonly policy: Policy;
}

export interface MalformedPolicy {
  readonly place: string;
  /** `CiliumNetworkPolicy argocd/server`, as far as it says so. */
  readonly name: string;
  /** What is wrong, and where in the manifest. */
  readonly reasons: readonly string[];
}

/**
 * Sorts documents by what they are.
 * @throws Failure for kinds that Cilium does not have, and for pods, namespaces and nodes of the wrong form.
 */
export function readManifests(documents: readonly Document[]): Manifests {
  const manifests: Manifests = {
    policies: [],
    malformed: [],
    pods: [],
    namespaces: [],
    nodes: [],
    cidrGroups: [],
    clusterNames: [],
    others: [],
  };
  const wrong: string[] = [];
  const take = <T>(schema: z.ZodType<T>, { place, value }: Document, list: T[]): void => {
    const parsed = schema.safeParse(value);
    if (parsed.success) list.push(parsed.data);
    else wrong.push(`${place}: ${nameOf(value)}: ${issueLines(parsed.error).join("; ")}`);
  };
  for (const document of documents) {
    const { apiVersion, group, kind } = kindOf(document.value);
    switch (`${group} ${kind}`) {
      case "cilium.io CiliumNetworkPolicy":
      case "cilium.io CiliumClusterwideNetworkPolicy":
        takePolicy(document, manifests);
        break;
      case "cilium.io CiliumCIDRGroup":
        take(objects.cidrGroup, document, manifests.cidrGroups);
        break;
      case "core Pod":
        take(objects.pod, document, manifests.pods);
        break;
      case "core Namespace":
        take(objects.namespace, document, manifests.namespaces);
        break;
      case "core Node":
        take(objects.node, document, manifests.nodes);
        break;
      default: {
        const clusterName = `${group} ${kind}` === "core ConfigMap" ? clusterConfig(document.value) : undefined;
        if (clusterName !== undefined) manifests.clusterNames.push(clusterName);
        else if (group !== "cilium.io" || ciliumKinds.includes(kind))
          manifests.others.push({ apiVersion, kind, value: document.value });
        else wrong.push(`${document.place}: Cilium has no kind ${kind}${didYouMean(kind, ciliumKinds)}`);
      }
    }
  }
  if (wrong.length > 0) throw new Failure(wrong.join("\n"));
  return manifests;
}

function takePolicy({ place, value }: Document, { policies, malformed }: Manifests): void {
  const parsed = policySchema.safeParse(value);
  if (parsed.success) policies.push({ place, policy: parsed.data });
  else malformed.push({ place, name: nameOf(value), reasons: issueLines(parsed.error) });
}

/** `2 Deployment, 1 Service` */
export const countKinds = (objects: readonly OtherObject[]): string =>
  [...Map.groupBy(objects, ({ kind }) => kind)].map(([kind, { length }]) => `${length} ${kind}`).join(", ");

const header = z.object({ apiVersion: z.string(), kind: z.string() });

function kindOf(value: unknown): { apiVersion: string; group: string; kind: string } {
  const parsed = header.safeParse(value);
  if (!parsed.success) return { apiVersion: "", group: "", kind: "without apiVersion and kind" };
  const { apiVersion, kind } = parsed.data;
  return { apiVersion, group: apiVersion.includes("/") ? apiVersion.replace(/\/.*/, "") : "core", kind };
}

/** The kinds of `cilium.io` (`pkg/k8s/apis/cilium.io/client/crds`). */
const ciliumKinds = [
  "CiliumBGPAdvertisement",
  "CiliumBGPClusterConfig",
  "CiliumBGPNodeConfig",
  "CiliumBGPNodeConfigOverride",
  "CiliumBGPPeerConfig",
  "CiliumCIDRGroup",
  "CiliumClusterwideEnvoyConfig",
  "CiliumClusterwideNetworkPolicy",
  "CiliumDatapathPlugin",
  "CiliumEgressGatewayPolicy",
  "CiliumEndpoint",
  "CiliumEndpointSlice",
  "CiliumEnvoyConfig",
  "CiliumGatewayClassConfig",
  "CiliumIdentity",
  "CiliumL2AnnouncementPolicy",
  "CiliumLoadBalancerIPPool",
  "CiliumLocalRedirectPolicy",
  "CiliumNetworkPolicy",
  "CiliumNode",
  "CiliumNodeConfig",
  "CiliumPodIPPool",
];

const named = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().nullish() }),
});

function nameOf(value: unknown): string {
  const parsed = named.safeParse(value);
  if (!parsed.success) return `${kindOf(value).kind} without a name`;
  const { kind, metadata } = parsed.data;
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name}`;
}

/** Zod's issues as `spec.ingress[0].toPorts: what is wrong`. */
const issueLines = (error: z.ZodError): string[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
    const at = path === "" ? "" : `${path.replace(/^\./, "")}: `;
    return issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => `${at}there is no field ${key}`)
      : [`${at}${issue.message.replace(/^Invalid input: /, "")}`];
  });
