/** The policies as Pulumi resources: a component for the clusterwide one, and a component for each namespace. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Output,
  type Resource,
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
const customTimeouts = { create: "60s", update: "60s", delete: "60s" };

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

/** A policy under the name of its workload (`namespace/name`), and the names of the policies that come before it. */
export interface OrderedPolicy {
  readonly name: string;
  readonly manifest: Owned<schema.CiliumNetworkPolicy>;
  readonly after: readonly string[];
}

/** The policies of one namespace. */
export class NamespacePolicies extends ComponentResource {
  /** By name of their workload (`namespace/name`). */
  readonly policies: ReadonlyMap<string, CiliumNetworkPolicy>;

  /** `ordered` is in the order of application; `earlier` holds the policies of other components by name. */
  constructor(
    namespace: string,
    ordered: readonly OrderedPolicy[],
    earlier: ReadonlyMap<string, Resource>,
    opts: ComponentResourceOptions,
  ) {
    super("network-policies:index:NamespacePolicies", namespace, {}, opts);
    const policies = new Map<string, CiliumNetworkPolicy>();
    for (const { name, manifest, after } of ordered) {
      // A dependency on a component reaches neither its children nor ours, so every policy names the policies themselves.
      const dependsOn = after.flatMap((before) => policies.get(before) ?? earlier.get(before) ?? []);
      policies.set(name, new CiliumNetworkPolicy(name, manifest, { parent: this, dependsOn, customTimeouts }));
    }
    this.policies = policies;
    this.registerOutputs({ policies: [...policies.keys()] });
  }
}
