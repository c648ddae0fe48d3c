/** What the policies that a cluster has do to an update of a stack, and the update to them. */
import type { Policy } from "../policy/schema.ts";
import { drift } from "./drift.ts";
import { heldFields } from "./fields.ts";
import type { UpdateFinding } from "./finding.ts";
import { identifier, type RecordedPolicy, type Specs, type StoredPolicy } from "./policy.ts";

export interface StackPolicies {
  /** As the marks on policies name it. */
  readonly owner: string;
  readonly rendered: readonly Policy[];
  /** The policies in its state, by identifier; undefined where it could not be read. */
  readonly recorded: ReadonlyMap<string, RecordedPolicy> | undefined;
  /** Whether the update takes over what exists and whatever fields others own. */
  readonly adoptExisting: boolean;
  /** Whether who updates may list policies in the whole cluster, by which the update finds those that it did not record. */
  readonly listsEverywhere: boolean;
}

/**
 * Policies that are in the way, and those that the update overwrites; in the order of the rendered ones.
 * @param ownerOf who a stored policy says it belongs to
 */
export function policyFindings(
  stack: StackPolicies,
  stored: readonly StoredPolicy[],
  ownerOf: (policy: StoredPolicy) => string | undefined,
): UpdateFinding[] {
  const present = new Map(stored.map((policy) => [identifier(policy), policy]));
  const own = new Set(stack.rendered.map(identifier));
  return [
    ...stack.rendered.flatMap((policy) => {
      const found = present.get(identifier(policy));
      return found === undefined ? [] : judge(stack, policy, found, ownerOf(found));
    }),
    ...stored
      .filter((policy) => !own.has(identifier(policy)) && ownerOf(policy) === stack.owner)
      .filter((policy) => stack.recorded !== undefined && !stack.recorded.has(identifier(policy)))
      .map(leftOver),
  ];
}

function judge(
  stack: StackPolicies,
  rendered: Policy,
  stored: StoredPolicy,
  owner: string | undefined,
): UpdateFinding[] {
  const recorded = stack.recorded?.get(identifier(rendered));
  if (recorded === undefined && owner !== stack.owner) return unknownToStack(stack, rendered, stored, owner);
  const isUnrecorded = stack.recorded !== undefined && recorded === undefined;
  return [...(isUnrecorded ? [unrecorded(stack, rendered)] : []), ...edits(stack, rendered, stored, recorded)];
}

/** The update takes over what it finds under its own mark. */
function unrecorded({ adoptExisting, listsEverywhere }: StackPolicies, rendered: Policy): UpdateFinding {
  const about = identifier(rendered);
  const reason = "exists with this stack's mark, but not in its state: an update was cut off";
  return adoptExisting || listsEverywhere
    ? { effect: "resumes", about, reason, fix: "nothing: the update takes it over" }
    : { effect: "stops", about, reason, fix: "have the right to list policies in the whole cluster, or adoptExisting" };
}

/** Creating a policy that is somebody else's fails, unless it is taken over. */
function unknownToStack(
  stack: StackPolicies,
  rendered: Policy,
  stored: StoredPolicy,
  owner: string | undefined,
): UpdateFinding[] {
  const about = identifier(rendered);
  const fields = differing(stored, rendered);
  const reason = `exists ${owner === undefined ? "without this stack's mark" : `and belongs to ${owner}`}${fields.length === 0 ? "" : `; ${fields.join(", ")} would change`}`;
  if (stack.adoptExisting) {
    return fields.length === 0 ? [] : [{ effect: "overwrites", about, reason, fix: keepOrGive }];
  }
  const otherName = rendered.kind === "CiliumNetworkPolicy" ? ", or another name in policyNames" : "";
  return [{ effect: "stops", about, reason, fix: `adoptExisting for one update${otherName}` }];
}

/** Nobody takes away what neither the program nor the state has. */
const leftOver = (policy: StoredPolicy): UpdateFinding => ({
  effect: "defeats",
  about: identifier(policy),
  reason: "has this stack's mark, but neither program nor state has it: it stays",
  fix: "delete it with kubectl",
});

/** What others have done to a policy of the stack since it was applied. */
function edits(
  stack: StackPolicies,
  rendered: Policy,
  stored: StoredPolicy,
  recorded: RecordedPolicy | undefined,
): UpdateFinding[] {
  const about = identifier(rendered);
  const held = heldFields(stored, rendered, recorded?.manager);
  if (held.length === 0 && recorded !== undefined) {
    // Who removes a field leaves no trace in it.
    const changing = differing(stored, rendered);
    const fields = differing(stored, recorded.inputs).filter((field) => changing.includes(field));
    const reason = `${fields.join(", ")} changed since the last update; by whom is not recorded`;
    return fields.length === 0 ? [] : [{ effect: "overwrites", about, reason, fix: keepOrGive }];
  }
  return held.map(({ manager, outcome, fields }) => {
    const reason = `${manager} has changed ${fields.join(", ")}`;
    if (outcome === "taken-over") return { effect: "overwrites", about, reason, fix: keepOrGive };
    const stop = `keep ${manager} off it`;
    return stack.adoptExisting
      ? { effect: "overwrites", about, reason, fix: `${stop}, and ${keepOrGive}` }
      : { effect: "stops", about, reason, fix: `${stop}, then adoptExisting for one update` };
  });
}

const keepOrGive = "put it into the program if it is to stay";

/** The fields of the spec in which a stored policy is not as a manifest has it, without what is below a list. */
function differing(stored: StoredPolicy, manifest: Specs): string[] {
  const fields = [...drift(stored.spec, manifest.spec, "spec"), ...drift(stored.specs, manifest.specs, "specs")];
  return [...new Set(fields.map(({ place }) => place.replace(/\[.*/, "")))];
}
