/** Policies of any kind as a cluster of the language: what flows can say, and what stays as it is, with the reason. */
import { limitsOf } from "../model/carried.ts";
import { faults } from "../model/check.ts";
import { type Cluster, configure, dnsPolicyName, type Settings, workloadId } from "../model/cluster.ts";
import { reading } from "../model/issues.ts";
import type { Namespace } from "../model/namespace.ts";
import type { PodSet } from "../model/peers/pod-set.ts";
import { type HostNetworkPods, type Peer, peerName } from "../model/peers.ts";
import { statementFaults, statementSchema } from "../model/statement.ts";
import { asWritten } from "../model/verbatim.ts";
import { policyName } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { compile } from "../reach/compile/network.ts";
import { describe } from "../reach/report/diff-text.ts";
import { type Difference, isEmpty } from "../reach/report/difference.ts";
import { renderPolicies } from "../render/policies.ts";
import type { Kept } from "../write/verbatim.ts";
import { homeOf } from "../write/write.ts";
import { type Dns, dnsOf } from "./dns.ts";
import { type Flow, flowsOf } from "./flows.ts";
import { otherEnd } from "./other-end.ts";
import { differences, withStrangers } from "./proof.ts";
import { podsIn, type Said, said } from "./said.ts";
import { type Subject, subjectsOf } from "./subjects.ts";
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
 */
export function translate(
  policies: readonly Policy[],
  inventory: Inventory,
  settings: Omit<Settings, "policyNames">,
): Translation {
  const reasons = new Map<Policy, string>();
  const all = policies.flatMap((policy): Said[] => {
    if (isDnsPolicy(policy)) return [];
    try {
      return [said(policy, inventory.cluster)];
    } catch (error) {
      if (!(error instanceof Unsayable)) throw error;
      reasons.set(policy, `no word for ${error.message}`);
      return [];
    }
  });
  for (;;) {
    const stated = all.filter(({ policy }) => !reasons.has(policy));
    const kept = policies.flatMap((policy) => {
      const reason = reasons.get(policy);
      return reason === undefined ? [] : [{ policy, reason }];
    });
    const { translation, wrong } = attempt(policies, stated, kept, inventory, settings);
    if (wrong.size === 0) return translation;
    for (const [policy, reason] of wrong) reasons.set(policy, reason);
  }
}

interface Attempt {
  readonly translation: Translation;
  /** The policies that may not be said so, and why. */
  readonly wrong: ReadonlyMap<Policy, string>;
}

function attempt(
  policies: readonly Policy[],
  stated: readonly Said[],
  stays: readonly Kept[],
  inventory: Inventory,
  settings: Omit<Settings, "policyNames">,
): Attempt {
  const taken = new Set(
    stays.filter(({ policy }) => policy.kind === "CiliumNetworkPolicy").map(({ policy }) => policyName(policy)),
  );
  const judged = withStrangers(inventory);
  const subjects = withOtherLabels(subjectsOf(stated, judged, taken), judged);
  const network = compile(policies, judged);
  const flows = flowsOf(subjects, resolver(subjects, judged), otherEnd(network, subjects), settings.apiServerPort);
  const policyNames = Object.fromEntries(subjects.flatMap(nameOfPolicy));
  const dnsPolicy = policies.find((policy) => isDnsPolicy(policy) && !stays.some((one) => one.policy === policy));
  const dns = dnsPolicy && dnsOf(dnsPolicy, subjects, { ...settings, policyNames });
  const kept =
    dnsPolicy === undefined || dns !== undefined ? stays : [...stays, { policy: dnsPolicy, reason: noClusterwide }];
  const cluster = { ...clusterOf(subjects, flows, inventory), dns: dns?.server };
  const translation: Translation = {
    cluster,
    kept,
    comments: new Map(subjects.flatMap(commentOf)),
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
  const difference = differences(policies, renderPolicies(configured), inventory);
  if (isEmpty(difference)) return { translation, wrong: new Map() };
  const blame = blamed(difference, subjects);
  const [first] = describe(difference).sentences;
  if (blame.size === 0 && dns === undefined) throw new Error(`verbatim policies are not the same: ${first?.text}`);
  return {
    translation,
    wrong:
      blame.size > 0 || dnsPolicy === undefined
        ? blame
        : new Map([[dnsPolicy, `it would not be the same: ${first?.text}`]]),
  };
}

const noClusterwide = "no word for a policy of the whole cluster (CiliumClusterwideNetworkPolicy)";

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
function nameOfPolicy({ workload, said }: Subject): (readonly [string, string])[] {
  const own = said.find(({ policy }) => policy.kind === "CiliumNetworkPolicy")?.policy.metadata.name;
  return own === undefined || own === workload.name ? [] : [[workloadId(workload), own]];
}

function commentOf({ workload, said }: Subject): (readonly [string, string])[] {
  // What this program describes its policies with, the flows say.
  const isOwn = (text: string) => /^\S+\. Ingress: .*\. Egress: .*\.$/s.test(text);
  const texts = [...new Set(said.flatMap(({ description }) => description ?? []))].filter((text) => !isOwn(text));
  return texts.length === 0 ? [] : [[workloadId(workload), texts.join(" ")]];
}

/** A peer as what is declared, where that is the same pods. */
function resolver(subjects: readonly Subject[], inventory: Inventory): (peer: Peer) => Peer {
  const bySize = subjects.toSorted((a, b) => Number(a.workload.isGroup) - Number(b.workload.isGroup));
  const known = new Map<string, Peer>();
  return (peer) => {
    if (peer.kind !== "pod-set") return peer;
    const key = peerName(peer);
    const found = known.get(key) ?? sameAs(peer, bySize, inventory)?.workload ?? peer;
    known.set(key, found);
    return found;
  };
}

function sameAs(set: PodSet, subjects: readonly Subject[], inventory: Inventory): Subject | undefined {
  const pods = podsIn(set, inventory);
  return subjects.find(({ workload, pods: own }) =>
    pods.length === 0
      ? own.length === 0 &&
        set.namespaces === workload.namespace &&
        JSON.stringify(set.labels) === JSON.stringify(workload.labels)
      : own.length === pods.length && own.every((pod) => pods.includes(pod)),
  );
}

/** What the pods of workloads carry besides, as far as sets of pods ask for it that include them. */
function withOtherLabels(subjects: readonly Subject[], inventory: Inventory): Subject[] {
  const resolve = resolver(subjects, inventory);
  const sets = new Map(
    subjects
      .flatMap(({ said }) => said.flatMap(({ rules }) => rules.flatMap(({ peers }) => peers.map(resolve))))
      .flatMap((peer) =>
        peer.kind === "pod-set"
          ? [[peerName(peer), { labels: peer.labels, pods: podsIn(peer, inventory) }] as const]
          : [],
      ),
  );
  return subjects.map((subject): Subject => {
    const { workload, pods } = subject;
    const keys = [...sets.values()]
      .filter((set) => pods.length > 0 && pods.every((pod) => set.pods.includes(pod)))
      .flatMap(({ labels }) => Object.keys(labels))
      .filter((key) => !(key in workload.labels));
    const otherLabels = Object.fromEntries([...new Set(keys)].flatMap((key) => common(key, pods)));
    return { ...subject, workload: { ...workload, otherLabels } };
  });
}

function common(key: string, pods: readonly Endpoint[]): (readonly [string, string])[] {
  const value = pods[0]?.labels[key];
  return value !== undefined && pods.every(({ labels }) => labels[key] === value) ? [[key, value]] : [];
}

function clusterOf(subjects: readonly Subject[], flows: readonly Flow[], inventory: Inventory): Cluster {
  const names = new Set([
    ...subjects.map(({ workload }) => workload.namespace),
    ...inventory.endpoints.filter(({ hostNetwork }) => hostNetwork).map(({ namespace }) => namespace),
  ]);
  return {
    dns: undefined,
    clusterwide: { groups: [], statements: [] },
    verbatim: [],
    namespaces: [...names].sort().map(
      (name): Namespace => ({
        name,
        labels: undefined,
        workloads: subjects.map(({ workload }) => workload).filter(({ namespace }) => namespace === name),
        hostNetwork: hostNetworkIn(name, inventory),
        statements: flows.map(({ statement }) => statement).filter((statement) => homeOf(statement) === name),
      }),
    ),
  };
}

/** The policies of statements that the language refuses. */
function statementProblems(flows: readonly Flow[], { namespaces }: Cluster): Map<Policy, string> {
  const declared = namespaces.flatMap((one) => [...one.workloads, ...one.hostNetwork]);
  const wrong = new Map<Policy, string>();
  for (const { statement, said } of flows) {
    const { only, carried, ...rest } = statement;
    const limits = carried === undefined ? [] : limitsOf(carried);
    const read = statementSchema.safeParse(
      { ...rest, limits, inspectHttp: carried?.kind === "http", end: only },
      reading,
    );
    const found = read.success
      ? statementFaults(read.data, homeOf(statement), declared)
      : read.error.issues.map(({ message }) => message);
    for (const { policy } of found.length === 0 ? [] : said) wrong.set(policy, found[0] ?? "");
  }
  return wrong;
}

/** The policies of the pods at the ends of what differs. */
function blamed(difference: Difference, subjects: readonly Subject[]): Map<Policy, string> {
  const { opened, closed, changed, undecidable, isolated, exposed } = difference;
  const [sentence] = describe(difference).sentences;
  const reason = `as flows it would not be the same: ${sentence?.text}`;
  const ends = new Set([
    ...[...opened, ...closed, ...changed, ...undecidable].flatMap(({ from, to }) => [from.name, to.name]),
    ...[...isolated, ...exposed].map(({ endpoint }) => endpoint),
  ]);
  const concerned = subjects.filter(({ pods }) => pods.some(({ namespace, name }) => ends.has(`${namespace}/${name}`)));
  // What differs for pods that no policy seems to select is everybody's fault.
  return new Map(
    (concerned.length === 0 ? subjects : concerned).flatMap(({ said }) =>
      said.map(({ policy }) => [policy, reason] as const),
    ),
  );
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
