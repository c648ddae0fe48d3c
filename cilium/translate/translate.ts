/** Policies of any kind as a cluster of the language: what flows can say, and what stays as it is, with the reason. */
import { limitsOf } from "../model/carried.ts";
import { faults } from "../model/check.ts";
import { type Cluster, configure, dnsPolicyName, type Settings, workloadId } from "../model/cluster.ts";
import { reading } from "../model/issues.ts";
import type { Namespace } from "../model/namespace.ts";
import { clusterwideId } from "../model/peers/clusterwide.ts";
import type { PodSet } from "../model/peers/pod-set.ts";
import { type HostNetworkPods, type Peer, peerName, type Subject, selectionOf } from "../model/peers.ts";
import { isByName } from "../model/ports.ts";
import { declaredIn, statementFaults, statementSchema } from "../model/statement.ts";
import { asWritten } from "../model/verbatim.ts";
import { policyName } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { invalidities } from "../policy/validity.ts";
import { readConfiguration } from "../reach/compile/configuration.ts";
import type { Inventory } from "../reach/compile/inventory.ts";
import { compile } from "../reach/compile/network.ts";
import { isEmpty } from "../reach/report/difference.ts";
import { renderPolicies } from "../render/policies.ts";
import type { Kept } from "../write/verbatim.ts";
import { homeOf } from "../write/write.ts";
import { blamed, blamedFor, exampleOf } from "./blame.ts";
import { type Dns, dnsOf } from "./dns.ts";
import { flowsOf, type PurposeOf, type Resolve, type SaidFlow } from "./flows.ts";
import { otherEnd } from "./other-end.ts";
import { differences, proof, withStrangers } from "./proof.ts";
import { labelsOf, podsIn, type Said, said } from "./said.ts";
import { type DeclaredSubject, declaredFor } from "./subjects.ts";
import { Unsayable } from "./unsayable.ts";

export interface Translation {
  /** Without the verbatim policies. */
  readonly cluster: Cluster;
  readonly kept: readonly Kept[];
  /** What stands above a workload, by its id. */
  readonly comments: ReadonlyMap<string, string>;
  /** What the stack has to configure: names of policies by their workloads' ids, where they differ, and names to resolve. */
  readonly settings: Partial<Pick<Settings, "policyNames" | "dnsNames" | "egressDefaultDeny">>;
}

/**
 * Says as flows what can be said so, and proves it: a policy by which anything would be allowed that was not, or refused, or
 * asked for, stays as it is.
 * @param inventory the cluster that the policies are of, by workloads rather than pods
 * @param settings the stack's config, but for the names of policies
 * @param purposeOf what a rule is for
 */
export function translate(
  policies: readonly Policy[],
  inventory: Inventory,
  settings: Omit<Settings, "policyNames">,
  purposeOf: PurposeOf = () => undefined,
): Translation {
  const { configuration } = readConfiguration(inventory.configuration);
  const reasons = new Map<Policy, string>();
  const literal = new Set<Policy>();
  const all = policies.flatMap((policy): Said[] => {
    if (isDnsPolicy(policy)) return [];
    if (!configuration.enforcedKinds[policy.kind]) {
      reasons.set(policy, "the agent does not watch policies of its kind, so nothing of it is enforced");
      return [];
    }
    const [fault] = invalidities(policy, configuration);
    if (fault !== undefined) {
      reasons.set(policy, `the agent refuses it, so nothing of it is enforced: ${fault.reason}`);
      return [];
    }
    try {
      return said(policy, inventory.cluster, configuration.sctp);
    } catch (error) {
      if (!(error instanceof Unsayable)) throw error;
      reasons.set(policy, `no word for ${error.message}`);
      return [];
    }
  });
  const namesPorts = all.some(({ rules }) =>
    rules.some((rule) => rule.ports.some(({ ports }) => ports.some(isByName))),
  );
  const settled = { reasons, literal };
  const given = { policies, all, inventory, settings, purposeOf };
  // A name stands for the number that today's pods give it, which is no matter of others: these are asked about the name.
  if (namesPorts) settle(given, settled, true);
  return settle(given, settled, !namesPorts);
}

interface Given {
  readonly policies: readonly Policy[];
  readonly all: readonly Said[];
  readonly inventory: Inventory;
  readonly settings: Omit<Settings, "policyNames">;
  readonly purposeOf: PurposeOf;
}

/** What was found out about policies: why some stay as they are, and of which pods nothing is said but what they say themselves. */
interface Settled {
  readonly reasons: Map<Policy, string>;
  readonly literal: Set<Policy>;
}

/** @param isProved whether nothing may differ for pods that could exist either, for which ports keep their names */
function settle(given: Given, { reasons, literal }: Settled, isProved: boolean): Translation {
  for (;;) {
    const stated = given.all.filter(({ policy }) => !reasons.has(policy));
    const kept = given.policies.flatMap((policy) => {
      const reason = reasons.get(policy);
      return reason === undefined ? [] : [{ policy, reason }];
    });
    const { translation, wrong, onlyForOthers } = attempt(given, stated, kept, literal, isProved);
    if (wrong.size === 0) return translation;
    // What pods of an inventory allow at the other end others need not: then each policy is to say its own end alone.
    const isNew = onlyForOthers && [...wrong.keys()].some((policy) => !literal.has(policy));
    for (const [policy, reason] of wrong) {
      if (isNew) literal.add(policy);
      else reasons.set(policy, reason);
    }
  }
}

interface Attempt {
  readonly translation: Translation;
  /** The policies that may not be said so, and why. */
  readonly wrong: ReadonlyMap<Policy, string>;
  /** Whether that is only so for pods that could exist. */
  readonly onlyForOthers?: boolean;
}

function attempt(
  { policies, inventory, settings, purposeOf }: Given,
  stated: readonly Said[],
  stays: readonly Kept[],
  literal: ReadonlySet<Policy>,
  isProved: boolean,
): Attempt {
  const taken = new Set(
    stays.filter(({ policy }) => policy.kind === "CiliumNetworkPolicy").map(({ policy }) => policyName(policy)),
  );
  const judged = withStrangers(inventory);
  const declared = withOtherLabels(declaredFor(stated, judged, taken), judged, literal);
  const network = compile(policies, { ...judged, configuration: { ...judged.configuration, ...everyProtocol } });
  const flows = flowsOf(declared, resolver(declared, judged, literal), otherEnd(network, declared, literal), {
    apiServerPort: settings.apiServerPort,
    purposeOf,
    byName: isProved,
  });
  const policyNames = Object.fromEntries(declared.flatMap(nameOfPolicy));
  const dnsPolicy = policies.find((policy) => isDnsPolicy(policy) && !stays.some((one) => one.policy === policy));
  const dns = dnsPolicy && dnsOf(dnsPolicy, declared, { ...settings, policyNames });
  const kept =
    dnsPolicy === undefined || dns !== undefined ? stays : [...stays, { policy: dnsPolicy, reason: noClusterwide }];
  const cluster = { ...clusterOf(declared, flows, inventory), dns: dns?.server };
  const translation: Translation = {
    cluster,
    kept,
    comments: new Map(declared.flatMap(commentOf)),
    settings: {
      ...(Object.keys(policyNames).length > 0 && { policyNames }),
      ...(dns !== undefined && differing(dns.settings, settings)),
    },
  };
  const wrong = statementProblems(flows, cluster);
  if (wrong.size > 0) return { translation, wrong };
  const configured = configure(
    { ...cluster, verbatim: kept.map(({ policy }) => ({ policy: asWritten(policy), place: "" })) },
    { ...settings, ...translation.settings, policyNames },
  );
  const [fault] = faults(configured);
  if (fault !== undefined) return { translation, wrong: new Map(stated.map(({ policy }) => [policy, fault])) };
  const rendered = renderPolicies(configured);
  const difference = differences(policies, rendered, inventory);
  if (isEmpty(difference)) {
    const proved = isProved ? proof(policies, rendered, inventory) : undefined;
    return proved?.kind === "refuted"
      ? { translation, wrong: blamedFor(proved.counterexample, stated, judged), onlyForOthers: true }
      : { translation, wrong: new Map() };
  }
  const blame = blamed(difference, declared);
  if (blame.size === 0 && dns === undefined) {
    throw new Error(`verbatim policies are not the same: ${exampleOf(difference)}`);
  }
  return {
    translation,
    wrong:
      blame.size > 0 || dnsPolicy === undefined
        ? blame
        : new Map([[dnsPolicy, `it would not be the same: ${exampleOf(difference)}`]]),
  };
}

/** A configuration under which the agent drops no protocol whatever policies say. */
const everyProtocol = { "enable-sctp": "true", "enable-extended-ip-protocols": "true" };

const noClusterwide = `it is called ${dnsPolicyName}, and says something else than all pods may resolve names`;

const isDnsPolicy = ({ kind, metadata }: Policy): boolean =>
  kind === "CiliumClusterwideNetworkPolicy" && metadata.name === dnsPolicyName;

/** What of some settings is not so by itself. */
const differing = (
  { dnsNames, egressDefaultDeny }: Dns["settings"],
  given: Dns["settings"],
): Partial<Dns["settings"]> => ({
  ...(dnsNames.join() !== given.dnsNames.join() && { dnsNames }),
  ...(egressDefaultDeny !== given.egressDefaultDeny && { egressDefaultDeny }),
});

/** The name that a policy has already, where its workload is called otherwise. */
function nameOfPolicy({ subject, said }: DeclaredSubject): (readonly [string, string])[] {
  const own = said.find(({ policy }) => policy.kind === "CiliumNetworkPolicy")?.name;
  return subject.kind !== "workload" || own === undefined || own === subject.name ? [] : [[workloadId(subject), own]];
}

function commentOf({ subject, said }: DeclaredSubject): (readonly [string, string])[] {
  // What this program describes its policies with, the flows say.
  const isOwn = (text: string) => /^\S+\. Ingress: .*\. Egress: .*\.$/s.test(text);
  const texts = [...new Set(said.flatMap(({ description }) => description ?? []))].filter((text) => !isOwn(text));
  return texts.length === 0 ? [] : [[peerName(subject), texts.join(" ")]];
}

/** A peer that a policy names as what is declared, where that is the same pods: today's, or of a literal policy all that could exist. */
function resolver(declared: readonly DeclaredSubject[], inventory: Inventory, literal: ReadonlySet<Policy>): Resolve {
  const isBeside = ({ subject }: DeclaredSubject) => subject.kind !== "workload" || subject.isGroup;
  const bySize = declared.toSorted((a, b) => Number(isBeside(a)) - Number(isBeside(b)));
  const known = new Map<string, Peer>();
  return (peer, policy) => {
    if (peer.kind !== "pod-set") return peer;
    const isLiteral = literal.has(policy);
    const key = `${isLiteral} ${peerName(peer)}`;
    const same = isLiteral ? bySize.find(({ subject }) => isAlike(peer, subject)) : sameAs(peer, bySize, inventory);
    const found = known.get(key) ?? same?.subject ?? peer;
    known.set(key, found);
    return found;
  };
}

function sameAs(set: PodSet, declared: readonly DeclaredSubject[], inventory: Inventory): DeclaredSubject | undefined {
  const pods = podsIn(set, inventory);
  return declared.find(({ subject, pods: own }) =>
    pods.length > 0
      ? own.length === pods.length && own.every((pod) => pods.includes(pod))
      : own.length === 0 && subject.kind === "workload" && isAlike(set, subject),
  );
}

/** Whether a set of pods is selected as a subject is. */
function isAlike(set: PodSet, subject: Subject): boolean {
  const [one, other] = [selectionOf(set), selectionOf(subject)].map((selection) =>
    selection.kind === "endpoints"
      ? JSON.stringify([selection.namespaces, Object.entries(selection.labels).sort()])
      : undefined,
  );
  return one !== undefined && one === other;
}

/** What the pods of workloads carry besides, as far as sets of pods ask for it that include them. */
function withOtherLabels(
  declared: readonly DeclaredSubject[],
  inventory: Inventory,
  literal: ReadonlySet<Policy>,
): DeclaredSubject[] {
  const resolve = resolver(declared, inventory, literal);
  const sets = new Map(
    declared
      .flatMap(({ said }) =>
        said.flatMap(({ policy, rules }) => rules.flatMap(({ peers }) => peers.map((peer) => resolve(peer, policy)))),
      )
      .flatMap((peer) =>
        peer.kind === "pod-set"
          ? [[peerName(peer), { labels: peer.labels, pods: podsIn(peer, inventory) }] as const]
          : [],
      ),
  );
  return declared.map((one): DeclaredSubject => {
    const { subject, pods } = one;
    if (subject.kind !== "workload") return one;
    const keys = [...sets.values()]
      .filter((set) => pods.length > 0 && pods.every((pod) => set.pods.includes(pod)))
      .flatMap(({ labels }) => Object.keys(labels))
      .filter((key) => !(key in subject.labels));
    const carried = pods.map((pod) => labelsOf(pod, inventory.cluster));
    const otherLabels = Object.fromEntries([...new Set(keys)].flatMap((key) => common(key, carried)));
    return { ...one, subject: { ...subject, otherLabels } };
  });
}

function common(key: string, pods: readonly Readonly<Record<string, string>>[]): (readonly [string, string])[] {
  const value = pods[0]?.[key];
  return value !== undefined && pods.every((labels) => labels[key] === value) ? [[key, value]] : [];
}

function clusterOf(
  declared: readonly DeclaredSubject[],
  flows: readonly SaidFlow[],
  inventory: Inventory,
): Omit<Cluster, "dns"> {
  const subjects = declared.map(({ subject }) => subject);
  const workloads = subjects.filter((subject) => subject.kind === "workload");
  const onNodes = inventory.endpoints.filter(({ hostNetwork }) => hostNetwork);
  const names = new Set([...workloads, ...onNodes].map(({ namespace }) => namespace));
  const statementsOf = (home: string) =>
    flows.map(({ statement }) => statement).filter((statement) => homeOf(statement) === home);
  return {
    verbatim: [],
    clusterwide: {
      groups: subjects.filter((subject) => subject.kind !== "workload"),
      statements: statementsOf(clusterwideId),
    },
    namespaces: [...names].sort().map(
      (name): Namespace => ({
        name,
        labels: undefined,
        workloads: workloads.filter(({ namespace }) => namespace === name),
        hostNetwork: hostNetworkIn(name, inventory),
        statements: statementsOf(name),
      }),
    ),
  };
}

/** The policies of statements that the language refuses. */
function statementProblems(flows: readonly SaidFlow[], { namespaces, clusterwide }: Cluster): Map<Policy, string> {
  const declared = declaredIn([
    ...namespaces.flatMap((one) => [...one.workloads, ...one.hostNetwork]),
    ...clusterwide.groups,
  ]);
  const wrong = new Map<Policy, string>();
  for (const { statement, said } of flows) {
    const { only, carried, ...rest } = statement;
    const home = homeOf(statement);
    const limits = carried === undefined ? [] : limitsOf(carried);
    const read = statementSchema.safeParse(
      { ...rest, limits, inspectHttp: carried?.kind === "http", end: only },
      reading,
    );
    const found = read.success
      ? statementFaults(read.data, home === clusterwideId ? undefined : home, declared)
      : read.error.issues.map(({ message }) => message);
    for (const { policy } of found.length === 0 ? [] : said) wrong.set(policy, found[0] ?? "");
  }
  return wrong;
}

/** The pods on the host's network, which no policy selects. */
const hostNetworkIn = (namespace: string, { endpoints }: Inventory): HostNetworkPods[] =>
  endpoints
    .filter((endpoint) => endpoint.hostNetwork && endpoint.namespace === namespace)
    .map(({ name, labels }) => ({
      kind: "host-network",
      namespace,
      name,
      reason: "hostNetwork: true",
      labels,
      ports: {},
    }));
