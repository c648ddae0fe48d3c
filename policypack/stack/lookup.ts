/** Finds what selects a pod, and the pods that something selects, without comparing everything with everything. */
import { matchesPod } from "../../cilium/policy/representatives.ts";
import { clusterLabel, type Label, podNamespaceLabel, type Requirement } from "../../cilium/policy/selector.ts";

/** Items by what they require of a pod. */
export class Selecting<Item> {
  readonly #buckets = new Map<string, { requirements: readonly Requirement[]; item: Item }[]>();

  add(requirements: readonly Requirement[], item: Item): void {
    push(this.#buckets, bucketOf(requirements), { requirements, item });
  }

  /** The items whose requirements a pod satisfies. */
  of(pod: readonly Label[]): Item[] {
    return bucketsOf(pod).flatMap((bucket) =>
      (this.#buckets.get(bucket) ?? [])
        .filter(({ requirements }) => matchesPod(requirements, pod))
        .map(({ item }) => item),
    );
  }
}

/** Items by the pod that they belong to. */
export class Selected<Item> {
  readonly #buckets = new Map<string, { pod: readonly Label[]; item: Item }[]>();

  add(pod: readonly Label[], item: Item): void {
    for (const bucket of bucketsOf(pod)) push(this.#buckets, bucket, { pod, item });
  }

  /** The items whose pods satisfy the requirements. */
  by(requirements: readonly Requirement[]): Item[] {
    return (this.#buckets.get(bucketOf(requirements)) ?? [])
      .filter(({ pod }) => matchesPod(requirements, pod))
      .map(({ item }) => item);
  }
}

/** Requirements are filed under a namespace and a label that they ask for, or under `*` where they ask for none. */
function bucketOf(requirements: readonly Requirement[]): string {
  const labels = requirements.flatMap((requirement) => {
    const value = onlyValue(requirement);
    return value === undefined || requirement.key === clusterLabel ? [] : [{ key: requirement.key, value }];
  });
  const namespace = labels.find(({ key }) => key === podNamespaceLabel);
  const label = labels.find(({ key }) => key !== podNamespaceLabel);
  return bucket(namespace?.value, label && `${label.key}=${label.value}`);
}

function bucketsOf(pod: readonly Label[]): string[] {
  const namespace = pod.find(({ key }) => key === podNamespaceLabel)?.value;
  const labels = pod
    .filter(({ key }) => key !== podNamespaceLabel && key !== clusterLabel)
    .map(({ key, value }) => `${key}=${value}`);
  return [...new Set([namespace, undefined])].flatMap((namespace) =>
    [...labels, undefined].map((label) => bucket(namespace, label)),
  );
}

const bucket = (namespace: string | undefined, label: string | undefined): string =>
  `${namespace ?? "*"} ${label ?? "*"}`;

const onlyValue = (requirement: Requirement): string | undefined =>
  requirement.operator === "In" && requirement.values.length === 1 ? requirement.values[0] : undefined;

function push<Item>(buckets: Map<string, Item[]>, bucket: string, item: Item): void {
  const items = buckets.get(bucket);
  if (items === undefined) buckets.set(bucket, [item]);
  else items.push(item);
}
