/**
 * The two policy resources of Cilium 1.20, as zod schemas and the types inferred from them: what a manifest may
 * contain, field for field (Cilium's `pkg/policy/api`). Unknown fields are errors: the API server would prune them.
 * Whether the agent accepts what has the right shape is a question for `validity`.
 */
import { z } from "zod";

const labelSelector = z.strictObject({
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
});

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
export const protocols = ["TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "VRRP", "IGMP", "ANY"] as const;

const cidrRule = z.strictObject({
  cidr: z.string().nullish(),
  cidrGroupRef: z.string().nullish(),
  cidrGroupSelector: labelSelector.nullish(),
  except: z.array(z.string()).nullish(),
});

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
  port: z.string().nullish(),
  endPort: z.int().nullish(),
  protocol: z.enum(protocols).nullish(),
});

const secret = z.strictObject({ namespace: z.string().nullish(), name: z.string() });

const tlsContext = z.strictObject({
  secret,
  trustedCA: z.string().nullish(),
  certificate: z.string().nullish(),
  privateKey: z.string().nullish(),
});

const fqdnSelector = z.strictObject({ matchName: z.string().nullish(), matchPattern: z.string().nullish() });

const httpRule = z.strictObject({
  path: z.string().nullish(),
  method: z.string().nullish(),
  host: z.string().nullish(),
  headers: z.array(z.string()).nullish(),
  headerMatches: z
    .array(
      z.strictObject({
        mismatch: z.enum(["LOG", "ADD", "DELETE", "REPLACE"]).nullish(),
        name: z.string(),
        secret: secret.nullish(),
        value: z.string().nullish(),
      }),
    )
    .nullish(),
});

const portDenyRule = z.strictObject({ ports: z.array(portProtocol).nullish() });

const portRule = z.strictObject({
  ports: z.array(portProtocol).nullish(),
  terminatingTLS: tlsContext.nullish(),
  originatingTLS: tlsContext.nullish(),
  serverNames: z.array(z.string()).nullish(),
  listener: z
    .strictObject({
      envoyConfig: z.strictObject({
        kind: z.enum(["CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"]).nullish(),
        name: z.string(),
      }),
      name: z.string(),
      priority: z.int().nullish(),
    })
    .nullish(),
  rules: z.strictObject({ http: z.array(httpRule).nullish(), dns: z.array(fqdnSelector).nullish() }).nullish(),
});

const icmps = z.array(
  z.strictObject({
    fields: z
      .array(z.strictObject({ family: z.enum(["IPv4", "IPv6"]).nullish(), type: z.union([z.int(), z.string()]) }))
      .nullish(),
  }),
);

const fromPeers = {
  fromEndpoints: z.array(labelSelector).nullish(),
  fromRequires: z.array(z.string()).nullish(),
  fromCIDR: z.array(z.string()).nullish(),
  fromCIDRSet: z.array(cidrRule).nullish(),
  fromEntities: z.array(z.enum(entities)).nullish(),
  fromGroups: z.array(groups).nullish(),
  fromNodes: z.array(labelSelector).nullish(),
  icmps: icmps.nullish(),
};

const toPeers = {
  toEndpoints: z.array(labelSelector).nullish(),
  toRequires: z.array(z.string()).nullish(),
  toCIDR: z.array(z.string()).nullish(),
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

/** One policy rule: the `spec` of a policy, or one item of its `specs`. */
export const rule = z.strictObject({
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
  log: z.strictObject({ value: z.string().nullish() }).nullish(),
});

/** What this project reads of an object's metadata; the API server's own fields pass through. */
const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

const policyFields = {
  apiVersion: z.literal("cilium.io/v2"),
  metadata,
  spec: rule.nullish(),
  specs: z.array(rule).nullish(),
  status: z.unknown().optional(),
};

export const ciliumNetworkPolicy = z.strictObject({ ...policyFields, kind: z.literal("CiliumNetworkPolicy") });

export const ciliumClusterwideNetworkPolicy = z.strictObject({
  ...policyFields,
  kind: z.literal("CiliumClusterwideNetworkPolicy"),
});

/** Either resource, told apart by its `kind`. */
export const policy = z.discriminatedUnion("kind", [ciliumNetworkPolicy, ciliumClusterwideNetworkPolicy]);

export type LabelSelector = z.infer<typeof labelSelector>;
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
export type Policy = z.infer<typeof policy>;
