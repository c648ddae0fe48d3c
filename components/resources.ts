/** The policies as Pulumi resources: a component for the clusterwide one, and a component for each namespace. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Output,
} from "@pulumi/pulumi";
import type * as schema from "../cilium/policy/schema.ts";
import type { Owned } from "./ownership.ts";

/** A policy of one namespace. */
export class CiliumNetworkPolicy extends CustomResource {
  /** By which policy packs recognise resources of this class. */
  static readonly __pulumiType = "kubernetes:cilium.io/v2:CiliumNetworkPolicy";
  declare readonly spec: Output<schema.Rule>;

  constructor(name: string, manifest: Owned<schema.CiliumNetworkPolicy>, opts: CustomResourceOptions) {
    super(name, { ...manifest }, opts);
  }
}

/** A policy of the whole cluster. */
export class CiliumClusterwideNetworkPolicy extends CustomResource {
  /** By which policy packs recognise resources of this class. */
  static readonly __pulumiType = "kubernetes:cilium.io/v2:CiliumClusterwideNetworkPolicy";
  declare readonly spec: Output<schema.Rule>;

  constructor(name: string, manifest: Owned<schema.CiliumClusterwideNetworkPolicy>, opts: CustomResourceOptions) {
    super(name, { ...manifest }, opts);
  }
}

/** A policy of Kubernetes' own kinds, which only verbatim ones are. */
export class KubernetesPolicy extends CustomResource {
  constructor(
    name: string,
    manifest: Owned<schema.NetworkPolicy | schema.ClusterNetworkPolicy>,
    opts: CustomResourceOptions,
  ) {
    super(name, { ...manifest }, opts);
  }
}

/** A policy is there at once; only `waitForValid` waits, and the agent answers within seconds or not at all. */
export const customTimeouts = { create: "60s", update: "60s", delete: "60s" };

/** A policy of whatever kind as a resource: `name` is the resource's. */
export function policyResource(
  name: string,
  manifest: Owned<schema.Policy>,
  opts: CustomResourceOptions,
): AppliedPolicy {
  switch (manifest.kind) {
    case "CiliumNetworkPolicy":
      return new CiliumNetworkPolicy(name, manifest, opts);
    case "CiliumClusterwideNetworkPolicy":
      return new CiliumClusterwideNetworkPolicy(name, manifest, opts);
    case "NetworkPolicy":
    case "ClusterNetworkPolicy":
      return new KubernetesPolicy(name, manifest, opts);
  }
}

export type AppliedPolicy = CiliumNetworkPolicy | CiliumClusterwideNetworkPolicy | KubernetesPolicy;

/** The policies that hold in every namespace, which are its children. */
export class ClusterwidePolicies extends ComponentResource {
  /** `policies` are called by their own names. */
  constructor(name: string, policies: readonly string[], opts: ComponentResourceOptions) {
    super("network-policies:index:ClusterwidePolicies", name, {}, opts);
    this.registerOutputs({ policies });
  }
}

/** The policies of one namespace, which are its children. */
export class NamespacePolicies extends ComponentResource {
  /** `policies` are called after their workloads, and verbatim ones by their own names (`namespace/name`). */
  constructor(namespace: string, policies: readonly string[], opts: ComponentResourceOptions) {
    super("network-policies:index:NamespacePolicies", namespace, {}, opts);
    this.registerOutputs({ policies });
  }
}
