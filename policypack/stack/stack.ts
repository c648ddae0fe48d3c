/** The policies of a stack and what they have to do with each other, as far as resources were added. */
import { namespaceOf, policyName, rulesOf } from "../../cilium/policy/parts.ts";
import { podsSatisfying } from "../../cilium/policy/representatives.ts";
import type { CiliumPolicy } from "../../cilium/policy/schema.ts";
import {
  clusterLabel,
  type Label,
  namespaceLabelsPrefix,
  podNamespaceLabel,
  type Requirement,
  subjectRequirements,
} from "../../cilium/policy/selector.ts";
import { type Opening, type Refusal, refusals } from "../../cilium/prove/half-open.ts";
import { type CompiledRule, compilePolicy, noCluster } from "../../cilium/reach/compile/rules.ts";
import type { PolicyResource, Resource } from "../resource.ts";
import { Selected, Selecting } from "./lookup.ts";
import { Passthrough } from "./passthrough.ts";

/** A pod that stands for what the subject of a policy selects. */
export type StandIn = {
  readonly policy: CiliumPolicy;
  readonly subject: readonly Requirement[];
  readonly pod: readonly Label[];
};

/** What a rule of a policy selects. */
type Subject = { readonly policy: CiliumPolicy; readonly subject: readonly Requirement[] };

/** A peer of a rule that names workloads by their labels. */
export type NamedPeer = { readonly rule: CompiledRule; readonly requirements: readonly Requirement[] };

export class Stack {
  /** Workloads behind TLSRoutes. */
  readonly passthrough = new Passthrough();
  /** Whether nothing is going to be added. */
  readonly whole: boolean;
  /** By URN. */
  readonly #policies = new Map<string, CiliumPolicy>();
  readonly #byName = new Map<string, CiliumPolicy[]>();
  readonly #subjects = new Selecting<Subject>();
  readonly #rules = new Selecting<CompiledRule>();
  readonly #peers = new Selecting<NamedPeer>();
  readonly #namedPeers = new Map<CompiledRule, readonly NamedPeer[]>();
  readonly #workloads = new Selected<StandIn>();
  /** The pods that stand for what a namespaced policy selects. */
  readonly #ownWorkloads = new Map<CiliumPolicy, readonly StandIn[]>();
  #refusals: ReturnType<typeof refusals> | undefined;
  #cluster: string | undefined;

  constructor({ whole = false }: { whole?: boolean } = {}) {
    this.whole = whole;
  }

  /** Adds a resource, and the policy that was read from it; gives the policies that have to be judged now, maybe again. */
  add(resource: Resource, read: PolicyResource | undefined): readonly CiliumPolicy[] {
    if (read === undefined) return this.passthrough.add(resource) ? [...this.#policies.values()] : [];
    if (!read.readable) return [];
    const known = this.#policies.get(resource.urn);
    if (known !== undefined) return [known];
    this.#addPolicy(resource.urn, read.policy);
    return [read.policy];
  }

  /** The policies that could be read, with the URNs of their resources. */
  policies(): ReadonlyMap<string, CiliumPolicy> {
    return this.#policies;
  }

  /** The cluster's name as the policies have it: who names one means, with a subject always, this one. */
  get cluster(): string {
    return this.#cluster ?? "";
  }

  /** The policies with the same kind, namespace and name, itself included. */
  namesakes(policy: CiliumPolicy): readonly CiliumPolicy[] {
    return this.#byName.get(`${policy.kind} ${policyName(policy)}`) ?? [];
  }

  /** The pods that stand for what a policy selects: for a clusterwide one, those of other policies. */
  workloadsOf(policy: CiliumPolicy): readonly StandIn[] {
    return this.#ownWorkloads.get(policy) ?? this.#findWorkloads(policy);
  }

  #findWorkloads(policy: CiliumPolicy): StandIn[] {
    return rulesOf(policy).flatMap(({ endpointSelector }) => {
      if (!endpointSelector) return [];
      if (policy.kind === "CiliumClusterwideNetworkPolicy") {
        return this.#workloads.by(subjectRequirements(endpointSelector, undefined));
      }
      const subject = subjectRequirements(endpointSelector, namespaceOf(policy));
      return podsSatisfying(subject).map((pod) => ({ policy, subject, pod }));
    });
  }

  /** What the policies refuse; of a whole stack all of them, which are compiled once, else those of some namespaces. */
  refusals(namespaces: ReadonlySet<string | undefined>, cluster: string): (opening: Opening) => Refusal | undefined {
    if (this.whole) {
      this.#refusals ??= refusals([...this.#policies.values()], cluster);
      return this.#refusals;
    }
    const near = [...this.#policies.values()].filter((policy) => {
      const namespace = namespaceOf(policy);
      return namespace === undefined || namespaces.has(namespace);
    });
    return refusals(near, cluster);
  }

  /** The pods of other policies, and its own, that a policy's subject selects. */
  workloadsSelectedBySubjectsOf(policy: CiliumPolicy): StandIn[] {
    return rulesOf(policy).flatMap(({ endpointSelector }) =>
      endpointSelector ? this.#workloads.by(subjectRequirements(endpointSelector, namespaceOf(policy))) : [],
    );
  }

  workloadsSelectedBy(requirements: readonly Requirement[]): StandIn[] {
    return this.#workloads.by(requirements);
  }

  /**
   * The workloads that a peer means: those that it selects. In a whole stack, a peer that says more than any policy and so selects
   * none means those of the pods that it describes; before, a policy of their own may be on its way.
   */
  workloadsMeantBy(requirements: readonly Requirement[]): StandIn[] {
    const selected = this.workloadsSelectedBy(requirements);
    if (selected.length > 0 || !this.whole) return selected;
    return podsSatisfying(requirements).flatMap((pod) =>
      this.#subjects.of(pod).map((subject) => ({ ...subject, pod })),
    );
  }

  /** The namespaced policies whose subject a pod belongs to. */
  subjectsOf(pod: readonly Label[]): CiliumPolicy[] {
    return this.#subjects.of(pod).map(({ policy }) => policy);
  }

  /** The rules that apply to a pod. */
  rulesFor(pod: readonly Label[]): CompiledRule[] {
    return this.#rules.of(pod);
  }

  /** The allow rules that name a pod as their peer. */
  rulesNaming(pod: readonly Label[]): NamedPeer[] {
    return this.#peers.of(pod);
  }

  /** The peers of an allow rule that name workloads. */
  namedPeersOf(rule: CompiledRule): readonly NamedPeer[] {
    return this.#namedPeers.get(rule) ?? [];
  }

  #addPolicy(urn: string, policy: CiliumPolicy): void {
    const rules = compilePolicy(policy, noCluster).filter((rule) => !rule.selectsNodes);
    this.#policies.set(urn, policy);
    const name = `${policy.kind} ${policyName(policy)}`;
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), policy]);
    for (const rule of rules) {
      this.#rules.add(rule.subject, rule);
      const peers = namedPeers(rule).map((requirements) => ({ rule, requirements }));
      this.#namedPeers.set(rule, peers);
      for (const peer of peers) this.#peers.add(peer.requirements, peer);
      this.#cluster ??= [rule.subject, ...peers.map(({ requirements }) => requirements)].flatMap(clusterNames)[0];
    }
    if (policy.kind === "CiliumClusterwideNetworkPolicy") return;
    for (const { endpointSelector } of rulesOf(policy)) {
      if (!endpointSelector) continue;
      const subject = subjectRequirements(endpointSelector, namespaceOf(policy));
      this.#subjects.add(subject, { policy, subject });
    }
    const workloads = this.#findWorkloads(policy);
    this.#ownWorkloads.set(policy, workloads);
    for (const workload of workloads) this.#workloads.add(workload.pod, workload);
  }
}

/**
 * The peers of an allow rule that name a workload: by more than its namespace, so that the rule means somebody in
 * particular and expects to be answered.
 */
function namedPeers(rule: CompiledRule): (readonly Requirement[])[] {
  if (rule.effect !== "allow") return [];
  return rule.peers.flatMap(({ selector: { condition } }) =>
    condition.kind === "labels" && condition.requirements.some(namesWorkload)
      ? [condition.requirements.filter((requirement) => !isOfNoCluster(requirement))]
      : [],
  );
}

/** What compiling adds to a peer that names no cluster. */
const isOfNoCluster = (requirement: Requirement): boolean =>
  requirement.key === clusterLabel && requirement.operator === "In" && requirement.values.includes(noCluster.cluster);

const namesWorkload = ({ source, key, operator }: Requirement): boolean =>
  source !== "reserved" &&
  (operator === "In" || operator === "Exists") &&
  ![clusterLabel, podNamespaceLabel].includes(key) &&
  !key.startsWith(namespaceLabelsPrefix);

/** The clusters that requirements ask for. */
const clusterNames = (requirements: readonly Requirement[]): string[] =>
  requirements.flatMap((requirement) =>
    requirement.key === clusterLabel && requirement.operator === "In" ? requirement.values : [],
  );
