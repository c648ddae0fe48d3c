/** NetworkPolicy of networking.k8s.io/v1, as the API server validates it (`ValidateNetworkPolicy` in Kubernetes). */
import { z } from "zod";
import { containsPrefix, parsePrefix } from "../cidr.ts";
import { isPortName } from "../port.ts";
import { isPresent, metadata, strictLabelSelector } from "./shared.ts";

const address = z.string().refine((text) => parsePrefix(text) !== undefined, "a CIDR, such as 192.0.2.0/24");

const ipBlock = z
  .strictObject({ cidr: address, except: z.array(address).nullish() })
  .refine(
    ({ cidr, except }) => (except ?? []).every((inner) => isStrictlyWithin(cidr, inner)),
    "except only ranges that are within cidr and smaller than it",
  );

function isStrictlyWithin(cidr: string, except: string): boolean {
  const [outer, inner] = [parsePrefix(cidr), parsePrefix(except)];
  // Ranges that cannot be read have been complained about.
  return outer === undefined || inner === undefined || (containsPrefix(outer, inner) && outer.bits < inner.bits);
}

const peer = z
  .strictObject({
    podSelector: strictLabelSelector.nullish(),
    namespaceSelector: strictLabelSelector.nullish(),
    ipBlock: ipBlock.nullish(),
  })
  .refine(
    (peer) => isPresent(peer.podSelector) || isPresent(peer.namespaceSelector) || isPresent(peer.ipBlock),
    "a peer needs podSelector, namespaceSelector or ipBlock; to mean everybody, leave the whole list out",
  )
  .refine(
    (peer) => !isPresent(peer.ipBlock) || (!isPresent(peer.podSelector) && !isPresent(peer.namespaceSelector)),
    "ipBlock stands alone in its item",
  );

const portNumber = z.int().min(1).max(65535);

const portName = z
  .string()
  .refine((name) => isPortName(name) && name === name.toLowerCase(), "a port's number, or its name in lower case");

const port = z
  .strictObject({
    protocol: z.enum(["TCP", "UDP", "SCTP"]).nullish(),
    port: z.union([portNumber, portName]).nullish(),
    endPort: portNumber.nullish(),
  })
  .refine(
    ({ port, endPort }) => !isPresent(endPort) || (typeof port === "number" && port <= Number(endPort)),
    "endPort needs a port that is a number, and is not below it",
  );

const policyTypes = z
  .array(z.enum(["Ingress", "Egress"]))
  .max(2)
  .refine((types) => new Set(types).size === types.length, "each type only once");

export const networkPolicy = z.strictObject({
  apiVersion: z.literal("networking.k8s.io/v1"),
  kind: z.literal("NetworkPolicy"),
  metadata,
  spec: z.strictObject({
    podSelector: strictLabelSelector.nullish(),
    policyTypes: policyTypes.nullish(),
    ingress: z.array(z.strictObject({ from: z.array(peer).nullish(), ports: z.array(port).nullish() })).nullish(),
    egress: z.array(z.strictObject({ to: z.array(peer).nullish(), ports: z.array(port).nullish() })).nullish(),
  }),
  status: z.unknown().optional(),
});

export type NetworkPolicy = z.infer<typeof networkPolicy>;
export type NetworkPolicyPeer = z.infer<typeof peer>;
export type NetworkPolicyPort = z.infer<typeof port>;
