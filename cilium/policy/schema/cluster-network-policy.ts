/** ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2 (`sigs.k8s.io/network-policy-api/apis/v1alpha2`). */
import { z } from "zod";
import { atMostRunes, cidr, exactlyOneOf, labelSelector, metadata } from "./shared.ts";

const namespacedPod = z.strictObject({ namespaceSelector: labelSelector.nullish(), podSelector: labelSelector });

const pods = { namespaces: labelSelector.nullish(), pods: namespacedPod.nullish() };

const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(25);

/** A set, which the API server refuses with a value twice. */
const setOf = <Item extends z.ZodType<string>>(item: Item) =>
  listOf(item).refine((items) => new Set(items).size === items.length, "each value only once");

const domainName = z
  .string()
  .regex(
    /^(\*\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/,
    "a DNS name, to which '*.' may be prefixed",
  );

const ingressPeer = z
  .strictObject(pods)
  .refine(exactlyOneOf("namespaces", "pods"), "exactly one of namespaces and pods is needed");

const egressPeer = z
  .strictObject({
    ...pods,
    nodes: labelSelector.nullish(),
    networks: setOf(cidr).nullish(),
    domainNames: setOf(domainName).nullish(),
  })
  .refine(
    exactlyOneOf("namespaces", "pods", "nodes", "networks", "domainNames"),
    "exactly one of namespaces, pods, nodes, networks and domainNames is needed",
  );

const portNumber = z.int().min(1).max(65535);

const destinationPort = z.strictObject({
  destinationPort: z
    .strictObject({
      number: portNumber.nullish(),
      range: z
        .strictObject({ start: portNumber, end: portNumber })
        .refine(({ start, end }) => start < end, "start is less than end")
        .nullish(),
    })
    .refine(exactlyOneOf("number", "range"), "exactly one of number and range is needed"),
});

const protocol = z
  .strictObject({
    tcp: destinationPort.nullish(),
    udp: destinationPort.nullish(),
    sctp: destinationPort.nullish(),
    destinationNamedPort: z.string().nullish(),
  })
  .refine(
    exactlyOneOf("tcp", "udp", "sctp", "destinationNamedPort"),
    "exactly one of tcp, udp, sctp and destinationNamedPort is needed",
  );

const ruleFields = {
  name: atMostRunes(100).nullish(),
  action: z.enum(["Accept", "Deny", "Pass"]),
  protocols: listOf(protocol).nullish(),
};

export const clusterNetworkPolicy = z
  .strictObject({
    apiVersion: z.literal("policy.networking.k8s.io/v1alpha2"),
    kind: z.literal("ClusterNetworkPolicy"),
    metadata,
    spec: z.strictObject({
      tier: z.enum(["Admin", "Baseline"]),
      priority: z.int().min(0).max(1000),
      subject: z
        .strictObject(pods)
        .refine(exactlyOneOf("namespaces", "pods"), "exactly one of namespaces and pods is needed"),
      ingress: z
        .array(z.strictObject({ ...ruleFields, from: listOf(ingressPeer) }))
        .max(25)
        .nullish(),
      egress: z
        .array(z.strictObject({ ...ruleFields, to: listOf(egressPeer) }))
        .max(25)
        .nullish(),
    }),
    status: z.unknown().optional(),
  })
  .refine(({ metadata }) => !metadata.namespace, {
    path: ["metadata", "namespace"],
    message: "a cluster's policy has no namespace",
  });

export type ClusterNetworkPolicy = z.infer<typeof clusterNetworkPolicy>;
export type ClusterEgressPeer = z.infer<typeof egressPeer>;
export type ClusterProtocol = z.infer<typeof protocol>;
