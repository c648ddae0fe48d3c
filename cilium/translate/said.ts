/** A policy in the language's words, before its pods and those of the others are declared. */
import { type Labels, shareOf, shareOfValues } from "../model/labels.ts";
import type { Namespaces, PodSet } from "../model/peers/pod-set.ts";
import type { Direction } from "../model/peers/workload.ts";
import type { Peer } from "../model/peers.ts";
import { namespaceOf, placedRules } from "../policy/parts.ts";
import { at } from "../policy/place.ts";
import type { Policy, Rule } from "../policy/schema.ts";
import { invalidities } from "../policy/validity.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { ciliumRule } from "./kubernetes.ts";
import { destinationsOf, type Home, sourcesOf } from "./peers.ts";
import { portsOf, type SaidPorts } from "./ports.ts";
import { subjectLabels } from "./selectors.ts";
import { Unsayable } from "./unsayable.ts";

export interface Said {
  readonly policy: Policy;
  readonly namespace: string;
  readonly labels: Labels;
  /** Whether it puts its pods into default deny. */
  readonly denies: Readonly<Record<Direction, boolean>>;
  readonly denyWorld: boolean;
  readonly rules: readonly SaidRule[];
  readonly description: string | undefined;
}

/** Who may connect to the pods of a policy, or to whom they may. */
export interface SaidRule {
  readonly direction: Direction;
  readonly peers: readonly Peer[];
  readonly ports: readonly SaidPorts[];
}

/** @throws Unsayable with what there is no word for */
export function said(policy: Policy, cluster: string): Said {
  const [fault] = invalidities(policy);
  if (fault !== undefined) throw new Unsayable(`the agent refuses it, so nothing of it is enforced: ${fault.reason}`);
  const namespace = namespaceOf(policy);
  if (namespace === undefined) throw new Unsayable(`a policy of the whole cluster (${policy.kind})`);
  const home = { namespace, cluster };
  const parts = rulesIn(policy).map(({ rule, place }) => part(rule, place, home));
  const [first, ...others] = parts;
  if (first === undefined) throw new Unsayable("no rule");
  if (others.some(({ labels }) => JSON.stringify(labels) !== JSON.stringify(first.labels))) {
    throw new Unsayable("specs that select different pods");
  }
  return {
    policy,
    namespace,
    labels: first.labels,
    denies: {
      ingress: parts.some(({ denies }) => denies.ingress),
      egress: parts.some(({ denies }) => denies.egress),
    },
    denyWorld: parts.some(({ denyWorld }) => denyWorld),
    rules: parts.flatMap(({ rules }) => rules),
    description: parts.flatMap(({ description }) => description ?? []).join(" ") || undefined,
  };
}

function rulesIn(policy: Policy): ReturnType<typeof placedRules> {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return placedRules(policy);
    case "NetworkPolicy":
      return [{ rule: ciliumRule(policy), place: "" }];
    case "ClusterNetworkPolicy":
      throw new Unsayable("tiers and priorities (ClusterNetworkPolicy)");
  }
}

type Part = Omit<Said, "policy" | "namespace">;

function part(rule: Rule, place: string, home: Home): Part {
  if (rule.log?.value) throw new Unsayable("log");
  const labels = subjectLabels(rule.endpointSelector ?? {}, home.namespace, home.cluster);
  const ingress = (rule.ingress ?? []).map((item, index): SaidRule | undefined => {
    const { toPorts, icmps, authentication, ...peers } = item;
    if (isEmpty(item)) return undefined;
    return within(at(place, "ingress", index), () => {
      if (authentication != null && authentication.mode !== "disabled") throw new Unsayable("authentication");
      const sources = peersOrAll(sourcesOf(peers, home), peers);
      return {
        direction: "ingress",
        peers: sources,
        ports: portsOf({ toPorts, icmps }),
      };
    });
  });
  const egress = (rule.egress ?? []).map((item, index): SaidRule | undefined => {
    const { toPorts, icmps, authentication, ...peers } = item;
    if (isEmpty(item)) return undefined;
    return within(at(place, "egress", index), () => {
      if (authentication != null && authentication.mode !== "disabled") throw new Unsayable("authentication");
      const destinations = peersOrAll(destinationsOf(peers, home), peers);
      return {
        direction: "egress",
        peers: destinations,
        ports: portsOf({ toPorts, icmps }),
      };
    });
  });
  if ((rule.egressDeny ?? []).length > 0) throw new Unsayable("egressDeny");
  const denyWorld = (rule.ingressDeny ?? []).length > 0;
  if (denyWorld && JSON.stringify(rule.ingressDeny) !== '[{"fromEntities":["world"]}]')
    throw new Unsayable("ingressDeny");
  const isSaid = { ingress: ingress.length > 0 || denyWorld, egress: egress.length > 0 };
  return {
    labels,
    denies: {
      ingress: isSaid.ingress && (rule.enableDefaultDeny?.ingress ?? true),
      egress: isSaid.egress && (rule.enableDefaultDeny?.egress ?? true),
    },
    denyWorld,
    rules: [...ingress, ...egress].filter((one) => one !== undefined),
    description: rule.description ?? undefined,
  };
}

/** `{}` allows nothing: it stands for a default deny. */
const isEmpty = (rule: object): boolean => Object.values(rule).every((value) => value == null);

/** A rule that names no peer is for everybody. */
const peersOrAll = (peers: readonly Peer[], written: object): readonly Peer[] =>
  isEmpty(written) ? [{ kind: "entities", name: "all", entities: ["all"] }] : peers;

/** Says of what there is no word for where it stands. */
function within<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Unsayable ? new Unsayable(`${place}: ${error.message}`) : error;
  }
}

/** The endpoints of an inventory that a set of pods includes. */
export const podsIn = (set: Pick<PodSet, "namespaces" | "labels">, { endpoints }: Inventory): Endpoint[] =>
  endpoints.filter(
    (endpoint) =>
      !endpoint.hostNetwork &&
      isIn(set.namespaces, endpoint) &&
      shareOf(set.labels, endpoint.labels, "nothing") === "all",
  );

function isIn(namespaces: Namespaces, { namespace, namespaceLabels }: Endpoint): boolean {
  if (typeof namespaces === "object" && "labelled" in namespaces) {
    return (
      shareOf(namespaces.labelled, { ...namespaceLabels, "kubernetes.io/metadata.name": namespace }, "nothing") ===
      "all"
    );
  }
  return shareOfValues(namespaces, namespace) === "all";
}
