/** What is odd about the policies that are brought in: said, and not repaired. */
import { policyKey, policyText } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { type Network, policyAt } from "../../cilium/reach/compile/network.ts";
import { inspect } from "../../cilium/reach/report/inspect.ts";
import { namesOf, type OddityKind } from "../../cilium/reach/report/oddity.ts";
import { isUnsure } from "../findings.ts";
import { markdown, type Table } from "../output/table.ts";

export interface InitialFinding {
  readonly about: string;
  /** Where it stands; undefined for what stands nowhere. */
  readonly place: string | undefined;
  readonly finding: string;
}

/**
 * @param makers what makes pods that are not here: that a selector meets nobody is no finding then
 * @param placeOf the file and document of a policy
 */
export function findingsOf(
  policies: readonly Policy[],
  network: Network,
  makers: readonly string[],
  placeOf: (key: string) => string | undefined,
): InitialFinding[] {
  const oddities = inspect(policies, network)
    .filter((oddity) => !leftOut.has(oddity.kind) && !isUnsure(oddity, makers))
    .map(({ subject, place, problem, fix }): InitialFinding => {
      const isPolicy = typeof subject !== "string";
      const file = isPolicy ? placeOf(policyKey(subject)) : undefined;
      return {
        about: isPolicy ? policyText(subject) : subject,
        place: [file, place].filter(Boolean).join(": ") || undefined,
        finding: `${problem}; ${fix}`,
      };
    });
  return [...oddities, ...open(network)];
}

/** What a project brings no news of. */
const leftOut: ReadonlySet<OddityKind> = new Set(["unreachable", "deny-closes-the-rest", "pods-not-given"]);

/** Pods that no policy closes, those of a namespace together. */
function open(network: Network): InitialFinding[] {
  const found = network.parties.flatMap((party) => {
    const { peer } = party;
    if (peer.kind !== "endpoint") return [];
    const policy = policyAt(network, party);
    const directions = (["ingress", "egress"] as const).filter(
      (direction) => policy?.[direction].defaultDeny === false,
    );
    return directions.length === 0
      ? []
      : namesOf([party]).map((name) => ({
          namespace: peer.namespace,
          name: name.slice(peer.namespace.length + 1),
          directions,
        }));
  });
  return [...Map.groupBy(found, ({ namespace, directions }) => `${namespace} ${directions}`).values()].flatMap(
    (alike) =>
      alike.slice(0, 1).map(({ namespace, directions }): InitialFinding => {
        const names = alike.map(({ name }) => name).join("; ");
        return {
          about: namespace,
          place: undefined,
          finding: `no policy closes the ${directions.join(" and the ")} of ${names}`,
        };
      }),
  );
}

/** The findings as a page of the project, with what is to be deleted once its policies are in place. */
export const findingsText = (findings: readonly InitialFinding[], deleted: readonly Policy[]): string =>
  [
    "# What netpol init found\n",
    ...(findings.length === 0
      ? []
      : [
          "What is odd about the policies that this project is made of. Nothing of it is changed: it is as it was.\n",
          [...markdown(findingsTable(findings))].join(""),
        ]),
    ...(deleted.length === 0
      ? []
      : [
          "## To be deleted after the first update\n",
          "They stand beside policies that allow the same, so it does not matter when.\n",
          `\`\`\`sh\n${deleted.map((policy) => `${deletionOf(policy)}\n`).join("")}\`\`\`\n`,
        ]),
  ].join("\n");

/** The command that deletes a policy. */
export const deletionOf = ({ kind, metadata: { name, namespace } }: Policy): string =>
  `kubectl delete ${kind.toLowerCase()} ${name}${namespace ? ` -n ${namespace}` : ""}`;

export const findingsTable = (findings: readonly InitialFinding[]): Table => ({
  columns: ["about", "place", "finding"],
  rows: findings.map(({ about, place = "", finding }) => [about, place, finding]),
});
