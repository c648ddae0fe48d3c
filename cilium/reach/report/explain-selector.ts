/** Label requirements as people write them. */
import type { Requirement } from "../../policy/selector.ts";

/** `app=web, tier in (a, b), !legacy`; `everything` for no requirement. */
export const selectorText = (requirements: readonly Requirement[]): string =>
  requirements.length === 0 ? "everything" : requirements.map(requirementText).join(", ");

function requirementText(requirement: Requirement): string {
  const key = requirement.source === "any" || requirement.source === "k8s" ? requirement.key : keyText(requirement);
  switch (requirement.operator) {
    case "In":
      return requirement.values.length === 1
        ? `${key}=${requirement.values[0]}`
        : `${key} in (${requirement.values.join(", ")})`;
    case "NotIn":
      return `${key} not in (${requirement.values.join(", ")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
  }
}

const keyText = ({ source, key }: Requirement): string => `${source}:${key}`;
