/** Policies that cannot be judged as they are written, and whom they may be about. */
import { z } from "zod";
import { matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import type { Endpoint, Inventory, Peer } from "../reach/compile/inventory.ts";
import type { UnplacedPolicy } from "./read.ts";

/** A policy that the API server would not store as it stands. */
export type MalformedPolicy = {
  readonly place: string;
  /** `CiliumNetworkPolicy argocd/server`, as far as it says so. */
  readonly name: string;
  /** Where it would be; undefined for a clusterwide one, and where that is not known. */
  readonly namespace: string | undefined;
  /** The labels of the pods that it would select, where they can be made out. */
  readonly subject: Readonly<Record<string, string>> | undefined;
  /** What is wrong, and where in the manifest. */
  readonly reasons: readonly string[];
};

/** A policy that is not judged, in a line. */
export const malformedText = ({ place, name, reasons }: MalformedPolicy): string =>
  `${place}: ${name}: ${reasons.join("; ")}`;

const labels = z.strictObject({ matchLabels: z.record(z.string(), z.string()) });
const withSubject = z.object({
  spec: z.union([z.object({ endpointSelector: labels }), z.object({ podSelector: labels })]),
});

/** The labels that a policy's subject asks for, if it asks for nothing else. */
export function subjectOf(value: unknown): MalformedPolicy["subject"] {
  const spec = withSubject.safeParse(value).data?.spec;
  if (spec === undefined) return undefined;
  return "endpointSelector" in spec ? spec.endpointSelector.matchLabels : spec.podSelector.matchLabels;
}

/** The broken policies that may select an end: whatever the others say of it, these may say otherwise. */
export function mayDecide(
  malformed: readonly MalformedPolicy[],
  end: Peer,
  { endpoints, cluster }: Inventory,
): readonly MalformedPolicy[] {
  if (end.kind !== "endpoint") return [];
  const endpoint = endpoints.find(({ namespace, name }) => namespace === end.namespace && name === end.name);
  return endpoint === undefined ? [] : malformed.filter((policy) => maySelect(policy, endpoint, cluster));
}

function maySelect({ namespace, subject }: MalformedPolicy, endpoint: Endpoint, cluster: string): boolean {
  if (namespace !== undefined && namespace !== endpoint.namespace) return false;
  if (subject === undefined) return true;
  const identity = podIdentity({ ...endpoint, cluster: endpoint.cluster ?? cluster });
  return matches(subjectRequirements({ matchLabels: subject }, namespace), identity);
}

/** A policy whose namespace nobody names, or several name differently: why it is not judged, and what to do. */
export const unplacedText = ({ place, policy, among }: UnplacedPolicy): string =>
  `${place}: ${policy.kind} ${policy.metadata.name}: without a namespace, so what it selects is not known; ${namespaceFor(among)}`;

export const namespaceFor = (among: string): string =>
  among === ""
    ? "name the namespace with --namespace"
    : `it has several (${among}): read what kustomize build prints of one of them, or name one with --namespace`;
