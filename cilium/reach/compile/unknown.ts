/** Why it is not known whether a selector selects somebody: what the inventory would have to hold. */

export type Unknown =
  /** The Services that a rule names were not given. */
  | { readonly kind: "services"; readonly named: string }
  /** The CiliumCIDRGroups were not given. */
  | { readonly kind: "cidr-groups"; readonly named: string }
  /** A group of a cloud provider, whose members only the provider knows. */
  | { readonly kind: "cloud-group"; readonly group: string }
  /** The Namespace was not given, so its labels are not known. */
  | { readonly kind: "namespace-labels"; readonly namespace: string }
  /** A node's labels were not given. */
  | { readonly kind: "node-labels"; readonly node: string }
  /** No Node was given, so neither labels nor addresses of nodes are known. */
  | { readonly kind: "nodes" }
  /** Nothing says which address a name has. */
  | { readonly kind: "name-address"; readonly name: string }
  /** Where CIDRs match pods: the pod's address was not given. */
  | { readonly kind: "pod-address"; readonly pod: string }
  /** Where the API server runs on no node: its address was not given. */
  | { readonly kind: "api-server-address" }
  /** A selector on a label that Cilium makes from policies and CIDR groups. */
  | { readonly kind: "derived-label"; readonly label: string }
  /** A selector that only excludes labels can select the class that Cilium counts a peer to. */
  | { readonly kind: "aggregate" };

/** A clause that says what is not known, and where there is something to supply, what. */
export function unknownText(unknown: Unknown): string {
  switch (unknown.kind) {
    case "services":
      return `toServices needs the cluster's Services and EndpointSlices, which are not given: ${unknown.named}`;
    case "cidr-groups":
      return `the CiliumCIDRGroups are not given: ${unknown.named}`;
    case "cloud-group":
      return `the members of a cloud provider's group are not known: ${unknown.group}`;
    case "namespace-labels":
      return `the labels of namespace ${unknown.namespace} are not known: its Namespace object is not given`;
    case "node-labels":
      return `the labels of node ${unknown.node} are not known: its Node object is not given`;
    case "nodes":
      return "the labels and addresses of nodes are not known: no Node object is given";
    case "name-address":
      return `the address of ${unknown.name} is not known`;
    case "pod-address":
      return `the address of pod ${unknown.pod} is not known`;
    case "api-server-address":
      return "the API server runs on no node, and its address is not known: the EndpointSlice of Service default/kubernetes is not given";
    case "derived-label":
      return `a selector on the label ${unknown.label} is not judged`;
    case "aggregate":
      return "a selector that only excludes labels can select Cilium's aggregate of all such peers too";
  }
}
