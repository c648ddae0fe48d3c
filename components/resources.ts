/** The policies as Pulumi resources: a component for the clusterwide one, and a component for each namespace. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Output,
} from "@pulumi/pulumi";
import { policyName } from "../cilium/policy/parts.ts";
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

/** A policy is there at once; only `waitForValid` waits, and the agent answers within seconds or not at all. */
export const customTimeouts = { create: "60s", update: "60s", delete: "60s" };

/** The policies that hold in every namespace. */
export class ClusterwidePolicies extends ComponentResource {
  /** By name. */
  readonly policies: ReadonlyMap<string, CiliumClusterwideNetworkPolicy>;

  constructor(
    name: string,
    manifests: readonly Owned<schema.CiliumClusterwideNetworkPolicy>[],
    opts: ComponentResourceOptions,
  ) {
    super("network-policies:index:ClusterwidePolicies", name, {}, opts);
    this.policies = new Map(
      manifests.map((manifest) => {
        const name = policyName(manifest);
        return [name, new CiliumClusterwideNetworkPolicy(name, manifest, { parent: this, customTimeouts })];
      }),
    );
    this.registerOutputs({ policies: [...this.policies.keys()] });
  }
}

/** The policies of one namespace, which are its children. */
export class NamespacePolicies extends ComponentResource {
  /** `policies` are called after their workloads (`namespace/name`). */
  constructor(namespace: string, policies: readonly string[], opts: ComponentResourceOptions) {
    super("network-policies:index:NamespacePolicies", namespace, {}, opts);
    this.registerOutputs({ policies });
  }
}
