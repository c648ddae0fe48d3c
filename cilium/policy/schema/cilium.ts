/** CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (`pkg/k8s/apis/cilium.io/client/crds/v2`). */
import { z } from "zod";
import { atMostRunes, cidr, exactlyOneOf, isPresent, labelSelector, metadata } from "./shared.ts";

/** Every entity that the CRD knows (`pkg/policy/api/entity.go`). */
export const entities = [
  "all",
  "world",
  "cluster",
  "cluster-mesh",
  "host",
  "init",
  "ingress",
  "unmanaged",
  "remote-node",
  "health",
  "none",
  "kube-apiserver",
] as const;

/** Every protocol that a `toPorts` entry may name (`pkg/policy/api/l4.go`). */
export const protocols = ["TCP", "UDP", "SCTP", "VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH", "ANY"] as const;

const cidrRule = z
  .strictObject({
    cidr: cidr.nullish(),
    cidrGroupRef: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, "the name of a CiliumCIDRGroup")
      .nullish(),
    cidrGroupSelector: labelSelector.nullish(),
    except: z.array(cidr).nullish(),
  })
  .refine(
    exactlyOneOf("cidr", "cidrGroupRef", "cidrGroupSelector"),
    "exactly one of cidr, cidrGroupRef and cidrGroupSelector is needed",
  );

const groups = z.strictObject({
  aws: z
    .strictObject({
      labels: z.record(z.string(), z.string()).nullish(),
      securityGroupsIds: z.array(z.string()).nullish(),
      securityGroupsNames: z.array(z.string()).nullish(),
      region: z.string().nullish(),
    })
    .nullish(),
});

const portProtocol = z.strictObject({
  port: z
    .string()
    .regex(
      /^(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$/,
      "a port number or a port's name, as a string",
    )
    .nullish(),
  endPort: z.int().min(0).max(65535).nullish(),
  protocol: z.enum(protocols).nullish(),
});

const secret = z.strictObject({ namespace: z.string().nullish(), name: z.string() });

const tlsContext = z.strictObject({
  secret,
  trustedCA: z.string().nullish(),
  certificate: z.string().nullish(),
  privateKey: z.string().nullish(),
});

const dnsPattern = atMostRunes(255).regex(
  /^([-a-zA-Z0-9_*]+[.]?)+$/,
  "a DNS name whose labels may contain the wildcard '*'",
);

const fqdnSelector = z
  .strictObject({
    matchName: atMostRunes(255)
      .regex(/^([-a-zA-Z0-9_]+[.]?)+$/, "a DNS name without wildcards (matchPattern takes those)")
      .nullish(),
    matchPattern: dnsPattern.nullish(),
  })
  .refine(exactlyOneOf("matchName", "matchPattern"), "exactly one of matchName and matchPattern is needed");

const httpRule = z.strictObject({
  path: z.string().nullish(),
  method: z.string().nullish(),
  host: z.string().nullish(),
  headers: z.array(z.string()).nullish(),
  headerMatches: z
    .array(
      z.strictObject({
        mismatch: z.enum(["LOG", "ADD", "DELETE", "REPLACE"]).nullish(),
        name: z.string().min(1),
        secret: secret.nullish(),
        value: z.string().nullish(),
      }),
    )
    .nullish(),
});

const portDenyRule = z.strictObject({ ports: z.array(portProtocol).nullish() });

const portRule = z.strictObject({
  ports: z.array(portProtocol).max(40).nullish(),
  terminatingTLS: tlsContext.nullish(),
  originatingTLS: tlsContext.nullish(),
  serverNames: z
    .array(dnsPattern)
    .min(1)
    .refine((names) => new Set(names).size === names.length, "each name only once")
    .nullish(),
  listener: z
    .strictObject({
      envoyConfig: z.strictObject({
        kind: z.enum(["CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"]).nullish(),
        name: z.string().min(1),
      }),
      name: z.string().min(1),
      priority: z.int().min(1).max(100).nullish(),
    })
    .nullish(),
  rules: z
    .strictObject({ http: z.array(httpRule).nullish(), dns: z.array(fqdnSelector).nullish() })
    .refine(exactlyOneOf("http", "dns"), "exactly one of http and dns is needed")
    .nullish(),
});

/** The names that the CRD takes; which of them belong to a family is for the agent (`validity`). */
const icmpTypeName =
  /^([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]|EchoReply|DestinationUnreachable|Redirect|Echo|RouterAdvertisement|RouterSelection|TimeExceeded|ParameterProblem|Timestamp|TimestampReply|Photuris|ExtendedEchoRequest|ExtendedEcho Reply|PacketTooBig|EchoRequest|MulticastListenerQuery|MulticastListenerReport|MulticastListenerDone|RouterSolicitation|NeighborSolicitation|NeighborAdvertisement|RedirectMessage|RouterRenumbering|ICMPNodeInformationQuery|ICMPNodeInformationResponse|InverseNeighborDiscoverySolicitation|InverseNeighborDiscoveryAdvertisement|HomeAgentAddressDiscoveryRequest|HomeAgentAddressDiscoveryReply|MobilePrefixSolicitation|MobilePrefixAdvertisement|DuplicateAddressRequestCodeSuffix|DuplicateAddressConfirmationCodeSuffix)$/;

const icmps = z.array(
  z.strictObject({
    fields: z
      .array(
        z.strictObject({
          family: z.enum(["IPv4", "IPv6"]).nullish(),
          type: z.union([z.int(), z.string().regex(icmpTypeName, "an ICMP type's number or name")]),
        }),
      )
      .max(40)
      .nullish(),
  }),
);

const fromPeers = {
  fromEndpoints: z.array(labelSelector).nullish(),
  fromRequires: z.array(z.string()).max(0).nullish(),
  fromCIDR: z.array(cidr).nullish(),
  fromCIDRSet: z.array(cidrRule).nullish(),
  fromEntities: z.array(z.enum(entities)).nullish(),
  fromGroups: z.array(groups).nullish(),
  fromNodes: z.array(labelSelector).nullish(),
  icmps: icmps.nullish(),
};

const toPeers = {
  toEndpoints: z.array(labelSelector).nullish(),
  toRequires: z.array(z.string()).max(0).nullish(),
  toCIDR: z.array(cidr).nullish(),
  toCIDRSet: z.array(cidrRule).nullish(),
  toEntities: z.array(z.enum(entities)).nullish(),
  toServices: z
    .array(
      z.strictObject({
        k8sServiceSelector: z.strictObject({ selector: labelSelector, namespace: z.string().nullish() }).nullish(),
        k8sService: z.strictObject({ serviceName: z.string().nullish(), namespace: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  toGroups: z.array(groups).nullish(),
  toNodes: z.array(labelSelector).nullish(),
  icmps: icmps.nullish(),
};

const authentication = z.strictObject({ mode: z.enum(["disabled", "required", "test-always-fail"]) });
const allowPorts = { toPorts: z.array(portRule).nullish(), authentication: authentication.nullish() };
const denyPorts = { toPorts: z.array(portDenyRule).nullish() };

const ingressRule = z.strictObject({ ...fromPeers, ...allowPorts });
const ingressDenyRule = z.strictObject({ ...fromPeers, ...denyPorts });
const egressRule = z.strictObject({ ...toPeers, toFQDNs: z.array(fqdnSelector).nullish(), ...allowPorts });
const egressDenyRule = z.strictObject({ ...toPeers, ...denyPorts });

const directions = ["ingress", "ingressDeny", "egress", "egressDeny"] as const;

/** One policy rule: the `spec` of a policy, or one item of its `specs`. */
export const rule = z
  .strictObject({
    endpointSelector: labelSelector.nullish(),
    nodeSelector: labelSelector.nullish(),
    ingress: z.array(ingressRule).nullish(),
    ingressDeny: z.array(ingressDenyRule).nullish(),
    egress: z.array(egressRule).nullish(),
    egressDeny: z.array(egressDenyRule).nullish(),
    labels: z
      .array(z.strictObject({ key: z.string(), value: z.string().nullish(), source: z.string().nullish() }))
      .nullish(),
    enableDefaultDeny: z.strictObject({ ingress: z.boolean().nullish(), egress: z.boolean().nullish() }).nullish(),
    description: z.string().nullish(),
    log: z
      .strictObject({
        value: atMostRunes(32)
          .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}]*$/u, "printable characters")
          .nullish(),
      })
      .nullish(),
  })
  .refine(
    exactlyOneOf("endpointSelector", "nodeSelector"),
    "exactly one of endpointSelector and nodeSelector is needed ({} selects everything)",
  )
  .refine(
    (rule) => directions.some((direction) => isPresent(rule[direction])),
    "at least one of ingress, ingressDeny, egress and egressDeny is needed ([{}] is a default deny)",
  );

/** In the order in which people write them. */
const policyFields = <Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal("cilium.io/v2"),
  kind: z.literal(kind),
  metadata,
  spec: rule.nullish(),
  specs: z.array(rule).nullish(),
  status: z.unknown().optional(),
});

const hasRules = (policy: { spec?: unknown; specs?: unknown }): boolean =>
  isPresent(policy.spec) || isPresent(policy.specs);

export const ciliumNetworkPolicy = z
  .strictObject(policyFields("CiliumNetworkPolicy"))
  .refine(hasRules, "a policy needs a spec");

export const ciliumClusterwideNetworkPolicy = z
  .strictObject(policyFields("CiliumClusterwideNetworkPolicy"))
  .refine(hasRules, "a policy needs a spec")
  .refine(({ metadata }) => !metadata.namespace, {
    path: ["metadata", "namespace"],
    message: "a clusterwide policy has no namespace",
  });

/** Either resource, told apart by its `kind`. */
export const ciliumPolicy = z.discriminatedUnion("kind", [ciliumNetworkPolicy, ciliumClusterwideNetworkPolicy]);

export type Entity = (typeof entities)[number];
export type Protocol = (typeof protocols)[number];
export type PortProtocol = z.infer<typeof portProtocol>;
export type FqdnSelector = z.infer<typeof fqdnSelector>;
export type CidrRule = z.infer<typeof cidrRule>;
export type HttpRule = z.infer<typeof httpRule>;
export type PortRule = z.infer<typeof portRule>;
export type PortDenyRule = z.infer<typeof portDenyRule>;
export type IngressRule = z.infer<typeof ingressRule>;
export type IngressDenyRule = z.infer<typeof ingressDenyRule>;
export type EgressRule = z.infer<typeof egressRule>;
export type EgressDenyRule = z.infer<typeof egressDenyRule>;
export type Rule = z.infer<typeof rule>;
export type CiliumNetworkPolicy = z.infer<typeof ciliumNetworkPolicy>;
export type CiliumClusterwideNetworkPolicy = z.infer<typeof ciliumClusterwideNetworkPolicy>;
export type CiliumPolicy = z.infer<typeof ciliumPolicy>;
