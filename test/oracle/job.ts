/**
 * What the verdict oracle (`cmd/verdicts`, Cilium's own policy engine) is asked and answers. A job is one set of policies
 * under one agent configuration over one inventory, with questions; jobs are answered one after another, and nothing of
 * one job is left in the next.
 */
import { z } from "zod";
import type { Question } from "../../cilium/reach/compile/inventory.ts";
import { type Oracle, type RunningOracle, startOracle } from "./oracle.ts";

export type Job = {
  readonly id: string;
  /**
   * Stored objects of the four kinds: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy
   * (networking.k8s.io/v1) and ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2). The CRDs' validation is not
   * repeated here; a namespaced policy states its namespace.
   */
  readonly policies: readonly object[];
  /**
   * The data of the ConfigMap `cilium-config`, read as the agent reads it. A key that is left out has its default on
   * Kubernetes (`cmd/verdicts/config.go`): ClusterNetworkPolicies off, IPv6 off. Without any map IPv6 is as
   * `inventory.ipv6` says, on if that is absent too, and the cluster's name is the inventory's; a map without
   * `cluster-name` leaves the inventory's.
   */
  readonly config?: Readonly<Record<string, string>>;
  readonly inventory: JobInventory;
  /**
   * `host` is the other end's own node, `control-plane-host` the same running the API server, `remote-node` and
   * `kube-apiserver` are other nodes; of these nothing more is known: they have no labels and no addresses. A `node` is
   * one of the inventory: the host of the endpoints that name it and of itself, remote to everybody else. An `address` is
   * what the agent's IP cache says: a pod, a node, or outside. A `cidr` is no end here. Services are translated before.
   */
  readonly questions: readonly Question[];
};

/** The reach engine's inventory fits, but for the backends of its Services. */
export type JobInventory = {
  readonly cluster: string;
  readonly endpoints: readonly JobEndpoint[];
  readonly nodes: readonly JobNode[];
  /** DNS names that the DNS proxy has seen answers for. One without addresses gets one that no policy is likely to name. */
  readonly names: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  /**
   * The API server's addresses: the endpoints of Service default/kubernetes. One that no node has is that of a managed
   * control plane, and so `kube-apiserver` and `world`; a node that has one is `kube-apiserver` as if it said
   * `controlPlane`, at this address only.
   */
  readonly apiServer?: readonly string[];
  readonly cidrGroups?: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly cidrs: readonly string[];
  }[];
  /** Services as `toServices` looks them up: with a selector, or with the addresses of their backends. */
  readonly services?: readonly JobService[];
  /**
   * Service (v1) and EndpointSlice (discovery.k8s.io/v1) objects, read with the agent's own code into the same tables as
   * `services`.
   */
  readonly serviceObjects?: readonly object[];
  /** Whether IPv6 is enabled, for jobs without `config`. */
  readonly ipv6?: boolean;
};

export type JobEndpoint = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** `default` if absent, as the API server fills in. */
  readonly serviceAccount?: string;
  /** The cluster of the mesh that it runs in, if not this one. It is a peer then, and no policy here applies to it. */
  readonly cluster?: string;
  readonly ports?: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  /** An endpoint without addresses gets one that no policy is likely to name; `policy-cidr-match-mode: pods` needs them. */
  readonly addresses?: readonly string[];
  /** Shares the network of its node, which must be given: it is that node as an end. */
  readonly hostNetwork?: boolean;
  /** The name of a node of the inventory. To an endpoint without one, every node of the inventory is remote. */
  readonly node?: string;
};

export type JobNode = {
  readonly name: string;
  /** Runs the API server: every address of it is `kube-apiserver`. */
  readonly controlPlane: boolean;
  readonly addresses: readonly string[];
  /** Selected by `nodeSelector` (host firewall) and, with `enable-node-selector-labels`, by `fromNodes`/`toNodes`. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type JobService = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
};

/** A policy by its kind, or a rule of Cilium's own, of kind `cilium`: its name says which (`allow-localhost-ingress`, …). */
const origin = z.strictObject({ kind: z.string(), namespace: z.string().optional(), name: z.string() });

const endVerdict = z.strictObject({
  /** With `policy-audit-mode` always true. */
  allowed: z.boolean(),
  /** The policies deny it, and the audit mode lets it pass. */
  audited: z.literal(true).optional(),
  /** The proxy that it goes through. */
  redirect: z.enum(["http", "dns", "tls", "crd"]).optional(),
  /** The authentication that must come first. */
  auth: z.string().optional(),
  /** Whose rules made the policy map's entry that decides; none: default deny, or no rule in this direction. */
  origins: z.array(origin).optional(),
  /** Why the agent cannot compute the end's policy; it keeps the one that it had. */
  error: z.string().optional(),
});

const questionAnswer = z.strictObject({
  /** At the source, absent where the agent enforces nothing: outside, other clusters, nodes without the host firewall. */
  egress: endVerdict.optional(),
  /** At the destination. */
  ingress: endVerdict.optional(),
  /**
   * The configuration key without which the datapath drops the protocol at a pod, whatever the policies say
   * (`bpf/lib/conntrack.h`). `egress` and `ingress` are still what the policies say.
   */
  dropped: z.enum(["enable-sctp", "enable-extended-ip-protocols"]).optional(),
});

const jobAnswer = z.strictObject({
  id: z.string(),
  /** Why the agent would not start under this configuration. Nothing else is answered then. */
  invalidConfig: z.string().optional(),
  /** By their index among `policies`: those that the agent does not accept. */
  refused: z.array(z.strictObject({ policy: z.int(), error: z.string() })),
  /** By their index: those that the agent does not watch, and the configuration key that decides it. */
  ignored: z.array(z.strictObject({ policy: z.int(), key: z.string() })),
  /** As many as there are questions. */
  answers: z.array(questionAnswer),
});

export type JobAnswer = z.infer<typeof jobAnswer>;
export type JobEndVerdict = z.infer<typeof endVerdict>;
export type JobOrigin = z.infer<typeof origin>;
export type VerdictOracle = Oracle<Job, JobAnswer>;

/** Starts the program that answers with Cilium's policy engine. */
export const startVerdictOracle = (): Promise<RunningOracle<Job, JobAnswer>> =>
  startOracle("./cmd/verdicts", jobAnswer);
