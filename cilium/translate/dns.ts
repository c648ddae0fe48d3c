/** The clusterwide policy by which all pods resolve names, where the input has it as this program writes it. */
import { isDeepStrictEqual } from "node:util";
import { type Cluster, configure, dnsPolicyName, type Settings } from "../model/cluster.ts";
import { kubeDns } from "../model/read.ts";
import { placedRules } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { renderPolicies } from "../render/policies.ts";
import type { DeclaredSubject } from "./subjects.ts";

/** Where all pods resolve names, and the config of that. */
export interface Dns {
  readonly server: NonNullable<Cluster["dns"]>;
  readonly settings: Pick<Settings, "dnsNames" | "egressDefaultDeny">;
}

/** @returns undefined where a policy says anything else, or its name servers are not declared */
export function dnsOf(policy: Policy, all: readonly DeclaredSubject[], settings: Settings): Dns | undefined {
  const [rule] = placedRules(policy).map(({ rule }) => rule);
  if (policy.kind !== "CiliumClusterwideNetworkPolicy" || policy.metadata.name !== dnsPolicyName || !rule)
    return undefined;
  const names = (rule.egress?.[0]?.toPorts?.[0]?.rules?.dns ?? []).flatMap(
    ({ matchName, matchPattern }) => matchName ?? matchPattern ?? [],
  );
  const own = { dnsNames: names, egressDefaultDeny: rule.enableDefaultDeny?.egress === true };
  const declared = all.flatMap(({ subject }) =>
    subject.kind === "workload"
      ? Object.values(subject.ports).map((port) => ({ kind: "ports", peer: subject, ports: [port] }) as const)
      : [],
  );
  const server = [...declared, kubeDns].find((server) => {
    const cluster = { dns: server, namespaces: [], clusterwide: { groups: [], statements: [] }, verbatim: [] };
    const [rendered] = renderPolicies(configure(cluster, { ...settings, ...own }));
    return isDeepStrictEqual(
      withoutDescription(rendered),
      withoutDescription({ ...policy, metadata: { name: dnsPolicyName } }),
    );
  });
  return server && { server, settings: own };
}

const withoutDescription = (policy: Policy | undefined): unknown =>
  JSON.parse(JSON.stringify(policy ?? {}, (key, value) => (key === "description" ? undefined : value)));
