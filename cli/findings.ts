/** What `netpol check` finds: faults, judged with the cluster by the engine, and breaches of the house rules. */
import { absentMakers } from "../cilium/kubernetes/absent.ts";
import { namespaceFor } from "../cilium/kubernetes/broken.ts";
import { clusterFolders } from "../cilium/kubernetes/twice.ts";
import { rings } from "../cilium/model/order.ts";
import { policyKey, policyName, policyText, referenceTo } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { type Fault, invalidities } from "../cilium/policy/validity.ts";
import { compile, type Network } from "../cilium/reach/compile/network.ts";
import { inspect } from "../cilium/reach/report/inspect.ts";
import { type Oddity, type OddityKind, oddityLevels, some } from "../cilium/reach/report/oddity.ts";
import type { PackConfig } from "../policypack/config.ts";
import { violations } from "./pack.ts";
import type { Source } from "./sources/source.ts";

export interface Finding {
  readonly level: "error" | "warning" | "note";
  /** What was inspected, or a rule of the policy pack. */
  readonly rule: string;
  /** The policy, or the workload, as `namespace/name`. */
  readonly subject: string;
  /** The file and document, where the policy was read from one. */
  readonly file?: string;
  readonly message: string;
}

/**
 * @param houseRules what the policy pack is told, if it is to judge as well
 * @param isProgram whether the language wrote the policies, which isolates both ways whatever it denies
 */
export function findingsOf(source: Source, houseRules: PackConfig | undefined, isProgram: boolean): Finding[] {
  const network = compile(source.policies, source.inventory);
  const hasWorld = source.inventory.endpoints.length > 0 && !isSeveralClusters(source);
  const makers = absentMakers(source.cluster ?? source.objects);
  return [
    ...unreadable(source),
    ...unenforced(source, network),
    ...(hasWorld ? inspect(source.policies, network) : [])
      .filter(({ kind }) => !(isProgram && kind === "deny-closes-the-rest"))
      .map((oddity) => ofOddity(oddity, source, makers)),
    ...(houseRules === undefined ? [] : breaches(source, houseRules, hasWorld)),
    ...verbatimNote(source),
    ...(source.program === undefined ? [] : rings(source.program.cluster)).map((ring): Finding => {
      const names = ring.toSorted().join(", ");
      const message = `${names} are each other's servers: nothing orders their policies when they are first applied`;
      return { level: "note", rule: "ring", subject: names, message };
    }),
  ];
}

/** Whether the input is of clusters side by side, of which one says nothing of what the other one selects. */
const isSeveralClusters = ({ objects: { files, twice } }: Source): boolean =>
  twice.length > 0 && clusterFolders(files, twice).length > 0;

/** That nobody is selected is no fault where others may be, that charts make. */
const unsure: ReadonlySet<OddityKind> = new Set(["selects-nothing", "peer-selects-nothing", "missing-service"]);

/** How much of the program is not flows, of which the language knows nothing. */
function verbatimNote({ program }: Source): Finding[] {
  const verbatim = program?.cluster.verbatim ?? [];
  if (verbatim.length === 0) return [];
  const names = verbatim.map(({ policy }) => policyText(referenceTo(policy)));
  const message = `${verbatim.length} of ${program?.policies.length} policies are verbatim, not flows: ${some(names)}`;
  return [{ level: "note", rule: "verbatim", subject: names.join(", "), message }];
}

/** What the API server would not store, or nobody can place. */
function unreadable({ objects: { malformed, unplaced, twice } }: Source): Finding[] {
  return [
    ...twice.map(
      ({ name, places }): Finding => ({
        level: "error",
        rule: "one-version",
        subject: name,
        file: places[0] ?? "",
        message: `${name}: stands differently in ${places.join(" and ")}, so it is not judged. Instead: keep one version of it.`,
      }),
    ),
    ...unplaced.map(
      ({ place, policy, among }): Finding => ({
        level: "note",
        rule: "without-namespace",
        subject: policy.metadata.name,
        file: place,
        message: `${policy.metadata.name}: has no namespace, so what it selects is not judged; ${namespaceFor(among)}`,
      }),
    ),
    ...unplaced.flatMap(({ place, policy }) =>
      invalidities(policy).map((fault): Finding => ({ ...refused(policy.metadata.name, fault), file: place })),
    ),
    ...malformed.map(
      ({ place, name, reasons }): Finding => ({
        level: "error",
        rule: "api-server-accepts",
        subject: name,
        file: place,
        message: `${name}: the API server refuses it: ${reasons.join("; ")}`,
      }),
    ),
  ];
}

/** What the agent takes no notice of: policies that it refuses, and those of kinds that it does not watch. */
function unenforced(source: Source, { refused: refusals, basis, inventory }: Network): Finding[] {
  return [
    ...refusals.flatMap((refusal) =>
      refusal.faults.map(
        (fault): Finding => ({ ...refused(policyText(refusal), fault), ...fileOf(source, policyKey(refusal)) }),
      ),
    ),
    ...basis.unwatched.map(
      (policy): Finding => ({
        level: inventory.configuration === undefined ? "note" : "warning",
        rule: "kind-not-watched",
        subject: policyText(policy),
        ...fileOf(source, policyKey(policy)),
        message: `${policyText(policy)}: the agent takes no notice of it. Instead: set ${policy.key} in cilium-config to true.`,
      }),
    ),
  ];
}

const refused = (subject: string, { place, value, reason, fix }: Fault): Finding => ({
  level: "error",
  rule: "agent-accepts",
  subject,
  message: `${subject} ${place}: the agent refuses ${value}: ${reason}. Instead: ${fix}.`,
});

function ofOddity({ kind, subject, place, problem, fix }: Oddity, source: Source, makers: readonly string[]): Finding {
  const name = typeof subject === "string" ? subject : policyText(subject);
  const isUnsure = makers.length > 0 && unsure.has(kind);
  const instead = isUnsure ? `${fix}, unless what is not here makes it (${makers.join(", ")})` : fix;
  return {
    level: isUnsure ? "note" : oddityLevels[kind],
    rule: kind,
    subject: name,
    ...(typeof subject === "string" ? {} : fileOf(source, policyKey(subject))),
    message: `${[name, place].join(" ").trim()}: ${problem}. Instead: ${instead}.`,
  };
}

/** Rules of the pack that judge by the policies alone what faults are judged by with the cluster. */
const judgedByPods = new Map<string, OddityKind>([
  ["both-ends-open", "closed-at-the-other-end"],
  ["nodes-by-entity", "cluster-address"],
]);

function breaches(source: Source, config: PackConfig, hasWorld: boolean): Finding[] {
  return violations(source.policies, source.objects.others, config)
    .filter(({ rule }) => rule !== "agent-accepts" && !(hasWorld && judgedByPods.has(rule)))
    .map(({ rule, level, policy, message }) => ({
      // An exemption is a decision, not a finding.
      level: rule === "exemptions" ? "note" : level === "advisory" ? "warning" : "error",
      rule,
      subject: policy === undefined ? "" : policyName(policy),
      ...(policy === undefined ? {} : fileOf(source, policyKey(referenceTo(policy)))),
      message,
    }));
}

function fileOf({ policies, places }: Source, key: string): { file?: string } {
  const policy = policies.find((policy: Policy) => policyKey(referenceTo(policy)) === key);
  const place = policy && places.get(policy);
  return place === undefined ? {} : { file: place };
}
