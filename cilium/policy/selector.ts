/**
 * Which endpoints a selector selects, as Cilium's agent decides it: from the labels of an endpoint's identity, from the
 * selector of a manifest, and from the place where the selector stands (a policy's subject, a peer, a node).
 *
 * Sources: `pkg/labels/labels.go` (sources of keys), `pkg/policy/types/requirements.go` (matching),
 * `pkg/k8s/apis/cilium.io/utils/utils.go` (what parsing adds).
 */
import { keepsByDefault, type LabelFilter } from "./label-filter.ts";
import type { LabelSelector } from "./schema.ts";

export { isKept } from "./label-filter.ts";

/** A label of an identity. `source` says who gave it: `k8s` for a pod's, `reserved` for Cilium's own endpoints. */
export type Label = { readonly source: string; readonly key: string; readonly value: string };

/** One condition on a label; `source` is `any` when the selector's key names none. */
export type Requirement =
  | {
      readonly source: string;
      readonly key: string;
      readonly operator: "In" | "NotIn";
      readonly values: readonly string[];
    }
  | { readonly source: string; readonly key: string; readonly operator: "Exists" | "DoesNotExist" };

export const podNamespaceLabel = "io.kubernetes.pod.namespace";
export const clusterLabel = "io.cilium.k8s.policy.cluster";
export const serviceAccountLabel = "io.cilium.k8s.policy.serviceaccount";
/** Prefix under which an identity carries the labels of its pod's namespace. */
export const namespaceLabelsPrefix = "io.cilium.k8s.namespace.labels.";
/** The label of a namespace that Kubernetes itself gives, as an identity carries it. */
export const namespaceNameLabel = `${namespaceLabelsPrefix}kubernetes.io/metadata.name`;

/** Whether labels satisfy all requirements; no requirement is satisfied by everything. */
export const matches = (requirements: readonly Requirement[], labels: readonly Label[]): boolean =>
  requirements.every((requirement) => satisfies(requirement, labels));

/**
 * What a policy's `endpointSelector` requires. A namespaced policy selects in its own namespace whatever its selector
 * says; a clusterwide one (`namespace` undefined) selects every endpoint that matches, Cilium's own among them.
 */
export function subjectRequirements(selector: LabelSelector, namespace: string | undefined): Requirement[] {
  if (namespace === undefined) return selectorRequirements(selector);
  return selectorRequirements({
    ...selector,
    matchLabels: { ...selector.matchLabels, [`k8s:${podNamespaceLabel}`]: namespace },
  });
}

/** Whether what satisfies some requirements is sure to satisfy others, as far as one of the former alone says so. */
export const areImplied = (requirements: readonly Requirement[], by: readonly Requirement[]): boolean =>
  requirements.every((wanted) => by.some((own) => isImplied(wanted, own)));

function isImplied(wanted: Requirement, own: Requirement): boolean {
  if (wanted.key !== own.key || (wanted.source !== "any" && wanted.source !== own.source)) return false;
  switch (wanted.operator) {
    case "In":
      return own.operator === "In" && own.values.every((value) => wanted.values.includes(value));
    case "Exists":
      return own.operator === "In" || own.operator === "Exists";
    case "NotIn":
      return own.operator === "In"
        ? !own.values.some((value) => wanted.values.includes(value))
        : own.operator === "DoesNotExist" ||
            (own.operator === "NotIn" && wanted.values.every((value) => own.values.includes(value)));
    case "DoesNotExist":
      return own.operator === "DoesNotExist";
  }
}

/** Where a peer's selector stands. */
export type PeerContext = {
  /** The policy's namespace; undefined for a clusterwide policy. */
  readonly namespace: string | undefined;
  /** The name of the local cluster, when peers are limited to it (Cilium's default). */
  readonly cluster: string | undefined;
  /** The policy's own subject, which decides whether a clusterwide peer may lack a namespace. */
  readonly subject: LabelSelector | undefined;
};

/**
 * What an item of `fromEndpoints` or `toEndpoints` requires: unless it names a namespace (or labels of one), the
 * policy's own, or, in a clusterwide policy, any. Selectors on `reserved:` labels are taken as they are.
 */
export function peerRequirements(selector: LabelSelector, context: PeerContext): Requirement[] {
  const requirements = selectorRequirements(selector);
  if (requirements.some((r) => r.source === "reserved")) return requirements;

  if (!requirements.some((r) => fromPod(r) && r.key === podNamespaceLabel)) {
    if (context.namespace === undefined) {
      if (!selectsInit(context.subject)) requirements.push(exists("k8s", podNamespaceLabel));
    } else if (!requirements.some((r) => fromPod(r) && r.key.startsWith(namespaceLabelsPrefix))) {
      requirements.push(equals("k8s", podNamespaceLabel, context.namespace));
    }
  }
  return inCluster(requirements, context.cluster);
}

/** What an item of `fromNodes` or `toNodes` requires: a remote node of the local cluster. */
export const nodeRequirements = (selector: LabelSelector, cluster: string | undefined): Requirement[] =>
  inCluster([...selectorRequirements(selector), exists("reserved", "remote-node")], cluster);

/** The requirements that a selector spells out, with nothing added for its place. */
export function selectorRequirements(selector: LabelSelector): Requirement[] {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => {
    const label = selectorKey(key);
    return equals(label.source, label.key, value);
  });
  return [...labels, ...(selector.matchExpressions ?? []).map(expressionRequirement)];
}

/** Splits `source:key`; a key without a source may come from any. */
export function selectorKey(key: string): { source: string; key: string } {
  const colon = key.indexOf(":");
  return colon > 0
    ? { source: key.slice(0, colon), key: key.slice(colon + 1) }
    : { source: "any", key: key.slice(colon + 1) };
}

/** A selector whose keys get a source where they name none, as Cilium reads those of Kubernetes' own kinds. */
export const sourcedRequirements = (selector: LabelSelector, source: string): Requirement[] =>
  selectorRequirements({
    matchLabels: Object.fromEntries(
      Object.entries(selector.matchLabels ?? {}).map(([key, value]) => [sourcedKey(key, source), value]),
    ),
    matchExpressions: (selector.matchExpressions ?? []).map((expression) => ({
      ...expression,
      key: sourcedKey(expression.key, source),
    })),
  });

/** `NewSourceEncodedLabelKey`: a leading `$` is short for the source `reserved`. */
export function sourcedKey(key: string, source: string): string {
  if (key.startsWith("$")) return `reserved:${key.slice(1)}`;
  if (key.startsWith(":")) return `${source}${key}`;
  return key.includes(":") ? key : `${source}:${key}`;
}

/** A pod, as far as policies can see it. */
export type Pod = {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
};

/** The labels of a pod's identity: its own without those that Cilium strips, and those that Cilium adds. */
export function podIdentity(pod: Pod, keeps: LabelFilter = keepsByDefault): Label[] {
  const added: Record<string, string> = {
    [podNamespaceLabel]: pod.namespace,
    [clusterLabel]: pod.cluster,
    [namespaceNameLabel]: pod.namespace,
  };
  for (const [key, value] of Object.entries(pod.namespaceLabels ?? {})) added[`${namespaceLabelsPrefix}${key}`] = value;
  if (pod.serviceAccount !== undefined) added[serviceAccountLabel] = pod.serviceAccount;
  const own = Object.entries(pod.labels).filter(([key]) => !key.startsWith(ciliumPrefix));
  return Object.entries({ ...Object.fromEntries(own), ...added })
    .map(([key, value]) => ({ source: "k8s", key, value }))
    .filter(keeps);
}

/** Labels that only Cilium gives; it drops a pod's own (`RemoveCiliumLabels` in `pkg/k8s/utils/utils.go`). */
const ciliumPrefix = "io.cilium.k8s";

/** The identity of one of Cilium's own endpoints: `ingress` (the Gateway), `health`, `host`, `remote-node`, `init`… */
export const reservedIdentity = (...names: string[]): Label[] =>
  names.map((key) => ({ source: "reserved", key, value: "" }));

function expressionRequirement({ key, operator, values }: MatchExpression): Requirement {
  switch (operator) {
    case "In":
    case "NotIn":
      return { ...selectorKey(key), operator, values: values ?? [] };
    case "Exists":
    case "DoesNotExist":
      return { ...selectorKey(key), operator };
  }
}

function satisfies(requirement: Requirement, labels: readonly Label[]): boolean {
  const label = labels.find(
    ({ source, key }) => key === requirement.key && (requirement.source === "any" || requirement.source === source),
  );
  switch (requirement.operator) {
    case "In":
      return label !== undefined && requirement.values.includes(label.value);
    case "NotIn":
      return label === undefined || !requirement.values.includes(label.value);
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
  }
}

type MatchExpression = NonNullable<LabelSelector["matchExpressions"]>[number];

export const equals = (source: string, key: string, value: string): Requirement => ({
  source,
  key,
  operator: "In",
  values: [value],
});

export const exists = (source: string, key: string): Requirement => ({ source, key, operator: "Exists" });

const fromPod = ({ source }: Requirement): boolean => source === "k8s" || source === "any";

const inCluster = (requirements: Requirement[], cluster: string | undefined): Requirement[] =>
  cluster === undefined || requirements.some((r) => fromPod(r) && r.key === clusterLabel)
    ? requirements
    : [...requirements, equals("k8s", clusterLabel, cluster)];

const selectsInit = (subject: LabelSelector | undefined): boolean =>
  subject !== undefined && selectorRequirements(subject).some((r) => r.source === "reserved" && r.key === "init");
