/** A cluster made for given policies: endpoints that their selectors select and others that they do not, and everything else. */
import { z } from "zod";
import type { LabelSelector, Policy } from "../../../cilium/policy/schema.ts";
import {
  namespaceLabelsPrefix,
  podNamespaceLabel,
  selectorKey,
  serviceAccountLabel,
} from "../../../cilium/policy/selector.ts";
import { sampleName } from "../../../cilium/reach/compile/fqdn.ts";
import {
  type Endpoint,
  type Inventory,
  type Peer,
  peerEntities,
  type Question,
} from "../../../cilium/reach/compile/inventory.ts";
import type { World } from "./worlds.ts";

/**
 * Every endpoint, entity, address and name against every other, on every port that the policies name and some more.
 * @param most how many of the questions are asked, drawn from everywhere among them
 */
export function worldAround(policies: readonly Policy[], most = Number.POSITIVE_INFINITY): World {
  const text = JSON.stringify(policies);
  const all = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))];
  const inventory: Inventory = {
    cluster: "default",
    endpoints: endpointsFor(policies),
    nodes: [],
    names: [
      ...new Set([
        ...all(/"matchName":"([^"]+)"/g),
        ...all(/"matchPattern":"([^"]+)"/g).map(sampleName),
        "elsewhere.example",
      ]),
    ].map((name) => ({ name, addresses: [] })),
  };
  const endpoints = inventory.endpoints.map(({ namespace, name }): Peer => ({ kind: "endpoint", namespace, name }));
  const outside: Peer[] = [
    ...peerEntities.map((entity) => ({ kind: "entity", entity }) as const),
    ...addressesAround(all(/"([0-9a-f.:]+\/\d+)"/g)).map((address) => ({ kind: "address", address }) as const),
  ];
  const names = inventory.names.map(({ name }): Peer => ({ kind: "fqdn", name }));
  const ends = endpoints.flatMap((endpoint) => [
    ...[...endpoints, ...outside, ...names].map((destination) => ({ source: endpoint, destination })),
    ...outside.map((source) => ({ source, destination: endpoint })),
  ]);
  const ports = portsAround(all(/"(?:port|endPort)":"?(\d+)"?/g).map(Number));
  return {
    policies,
    inventory,
    questions: Array.from({ length: Math.min(most, ends.length * ports.length) }, (_, i) => {
      const place = (i * stride) % (ends.length * ports.length);
      return questionAt(ends, ports, place);
    }).filter((question) => question !== undefined),
  };
}

/** A large prime: its multiples take no regard of the order that questions are in, and meet each of them once. */
const stride = 2_654_435_761;

function questionAt(
  ends: readonly Pick<Question, "source" | "destination">[],
  ports: readonly Pick<Question, "protocol" | "port">[],
  place: number,
): Question | undefined {
  const pair = ends[Math.floor(place / ports.length)];
  const port = ports[place % ports.length];
  return pair && port && { ...pair, ...port };
}

/** For each selector a pod that it is likely to select, in its own namespace and in another, and a pod without labels. */
function endpointsFor(policies: readonly Policy[]): Endpoint[] {
  const pods = policies.flatMap((policy) => {
    const home = policy.metadata.namespace ?? "default";
    return selectorsIn(policy).flatMap((selector) => {
      const labels = labelsFor(selector);
      const pod = { labels, namespaceLabels: namespaceLabelsIn(labels), serviceAccount: labels[serviceAccountLabel] };
      return [labels[podNamespaceLabel] ?? home, "elsewhere"].map((namespace) => ({ ...pod, namespace }));
    });
  });
  const plain = { namespace: "default", labels: {}, namespaceLabels: {}, serviceAccount: undefined };
  const distinct = new Map([...pods, plain].map((pod) => [JSON.stringify(pod), pod]));
  return [...distinct.values()].map(({ serviceAccount, ...pod }, i) => ({
    ...pod,
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    name: `pod-${i}`,
    ports: [{ name: "http", port: 80, protocol: "TCP" as const }],
  }));
}

/** The labels of a namespace that a pod's identity would carry. */
const namespaceLabelsIn = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(labels)
      .filter(([key]) => key.startsWith(namespaceLabelsPrefix))
      .map(([key, value]) => [key.slice(namespaceLabelsPrefix.length), value]),
  );

function selectorsIn(value: unknown): LabelSelector[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(selectorsIn);
  const own = selectorSchema.safeParse(value);
  return own.success ? [own.data, ...inner] : inner;
}

const selectorSchema = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()).nullish(),
    matchExpressions: z
      .array(
        z.strictObject({
          key: z.string(),
          operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
          values: z.array(z.string()).nullish(),
        }),
      )
      .nullish(),
  })
  .refine((selector) => Object.keys(selector).length > 0);

/** Labels that satisfy the positive half of a selector. */
function labelsFor({ matchLabels, matchExpressions }: LabelSelector): Record<string, string> {
  const pairs = [
    ...Object.entries(matchLabels ?? {}),
    ...(matchExpressions ?? [])
      .filter(({ operator }) => operator === "In" || operator === "Exists")
      .map(({ key, values }) => [key, values?.[0] ?? "any"] as const),
  ];
  return Object.fromEntries(
    pairs
      .map(([key, value]) => [selectorKey(key), value] as const)
      .filter(([{ source }]) => source === "any" || source === "k8s")
      .map(([{ key }, value]) => [key, value]),
  );
}

/** Addresses in, at the edges of, and outside of prefixes. */
const addressesAround = (prefixes: readonly string[]): string[] => [
  ...new Set([
    ...prefixes.map((prefix) => prefix.slice(0, prefix.indexOf("/"))),
    ...prefixes.filter((prefix) => /^\d+\.\d+/.test(prefix)).map((prefix) => prefix.replace(/\.\d+\/\d+$/, ".250")),
    "192.0.2.1",
    "2001:db8:ffff::1",
  ]),
];

function portsAround(named: readonly number[]) {
  const tcp = new Set(
    [...named, ...named.map((port) => port + 1), 80, 4321].filter((port) => port > 0 && port < 65536),
  );
  return [
    ...[...tcp].map((port) => ({ protocol: "TCP" as const, port })),
    ...[...tcp].filter((_, i) => i % 3 === 0).map((port) => ({ protocol: "UDP" as const, port })),
    { protocol: "UDP" as const, port: 53 },
    { protocol: "SCTP" as const, port: 80 },
    { protocol: "ICMP" as const, port: 8 },
    { protocol: "ICMPv6" as const, port: 128 },
  ];
}
