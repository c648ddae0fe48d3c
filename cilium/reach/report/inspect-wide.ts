/** Clusterwide policies that open every namespace to every other. */
import { clusterLabel, podNamespaceLabel } from "../../policy/selector.ts";
import type { NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import type { Oddity, Scene } from "./oddity.ts";

/** Peers that are only asked to be pods, in a rule for pods of several namespaces: `{}` there is no namespace's own. */
export function everyNamespace({ network, governed }: Scene): Oddity[] {
  return [...governed].flatMap(([rule, subjects]) =>
    rule.selections.flatMap(({ selector: { condition }, list }, index): Oddity[] => {
      if (rule.kind !== "CiliumClusterwideNetworkPolicy" || rule.effect !== "allow") return [];
      if (condition.kind !== "labels" || !rule.ports.every(({ path }) => path === "")) return [];
      if (!condition.requirements.every(({ key }) => [clusterLabel, podNamespaceLabel].includes(key))) return [];
      const peers = list.flatMap((position) => network.parties[position] ?? []);
      if (namespaces(subjects).size < 2 || namespaces(peers).size < 2 || isEntity(rule, index)) return [];
      return [
        {
          kind: "opens-every-namespace",
          subject: rule,
          place: rule.peers[index]?.path ?? rule.path,
          problem: `opens all ports between pods of every namespace: {} in a clusterwide policy means all pods, not those of one's own namespace`,
          fix: "write a CiliumNetworkPolicy in each namespace, where {} means its own pods",
        },
      ];
    }),
  );
}

const isEntity = ({ peers }: NetworkRule, index: number): boolean => peers[index]?.path.includes("Entities[") ?? false;

const namespaces = (parties: readonly Party[]): Set<string> =>
  new Set(parties.flatMap(({ endpoints }) => endpoints.map(({ namespace }) => namespace)));
