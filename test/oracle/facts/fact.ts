/** The language of the tables: what Cilium's agent does, as policies, configurations and flows with their outcomes. */
import type { Peer, Question } from "../../../cilium/reach/compile/inventory.ts";
import { flowProtocols, peerEntities } from "../../../cilium/reach/compile/inventory.ts";
import type { Job, JobAnswer, JobInventory } from "../job.ts";

/** A statement with at least two cases that differ in what it is about, or one case with flows that do. */
export type Fact = { readonly says: string; readonly cases: readonly Case[] };

export type Case = {
  readonly policies?: readonly object[];
  readonly config?: Readonly<Record<string, string>>;
  /** In place of parts of the inventory below. */
  readonly inventory?: Partial<JobInventory>;
  /** `source → destination protocol port` to what becomes of it. */
  readonly flows?: Readonly<Record<string, Outcome>>;
  /** Why policies are refused, in their order; none are if this is absent. */
  readonly refused?: readonly RegExp[];
  /** The keys for which policies are not watched. */
  readonly ignored?: readonly string[];
  /** Why the agent does not start. */
  readonly invalidConfig?: RegExp;
};

/**
 * `open` is allowed without any policy having a say, `denied` by whichever end, a parser's name allowed through its proxy,
 * `audited` allowed by the audit mode alone, and a key what the datapath drops unless it is set.
 */
export type Outcome =
  | "allowed"
  | "denied"
  | "audited"
  | "http"
  | "dns"
  | "enable-sctp"
  | "enable-extended-ip-protocols";

export const inventory: JobInventory = {
  cluster: "main",
  endpoints: [
    { namespace: "shop", name: "web", labels: { app: "web" }, node: "edge", addresses: ["10.0.0.1"] },
    { namespace: "shop", name: "db", labels: { app: "db" }, node: "edge", addresses: ["10.0.0.2"] },
    {
      namespace: "ops",
      name: "probe",
      labels: { app: "probe" },
      namespaceLabels: { team: "ops" },
      node: "edge",
      addresses: ["10.0.1.1"],
    },
    {
      namespace: "kube-system",
      name: "dns",
      labels: { "k8s-app": "kube-dns" },
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 53, protocol: "TCP" },
      ],
    },
    { namespace: "shop", name: "west", labels: { app: "web" }, cluster: "west" },
  ],
  nodes: [
    { name: "edge", controlPlane: false, addresses: ["192.168.1.2"], labels: { role: "edge" } },
    { name: "cp", controlPlane: true, addresses: ["192.168.1.1"], labels: { role: "control" } },
  ],
  names: [
    { name: "example.com", addresses: ["203.0.113.7"] },
    { name: "deep.api.example.com", addresses: ["203.0.113.8"] },
    { name: "db.example.com", addresses: ["10.0.0.2"] },
  ],
};

/** The job of a case. */
export const jobOf = (id: string, { policies = [], config, inventory: parts, flows = {} }: Case): Job => ({
  id,
  policies,
  ...(config === undefined ? {} : { config }),
  inventory: { ...inventory, ...parts },
  questions: Object.keys(flows).map(questionOf),
});

/** What becomes of each flow of a case. */
export const outcomesOf = ({ flows = {} }: Case, { answers }: JobAnswer): Record<string, string> =>
  Object.fromEntries(
    Object.keys(flows).map((flow, i) => {
      const answer = answers[i];
      return [flow, answer === undefined ? "no answer" : outcomeOf(answer)];
    }),
  );

function outcomeOf({ egress, ingress, dropped }: JobAnswer["answers"][number]): string {
  if (dropped !== undefined) return dropped;
  const ends = [egress, ingress].filter((end) => end !== undefined);
  const error = ends.find(({ error }) => error !== undefined)?.error;
  if (error !== undefined) return error;
  if (ends.some(({ allowed }) => !allowed)) return "denied";
  if (ends.some(({ audited }) => audited)) return "audited";
  return ends.find(({ redirect }) => redirect !== undefined)?.redirect ?? "allowed";
}

function questionOf(flow: string): Question {
  const [, source = "", destination = "", protocol, port] = /^(.+) → (.+?)(?: (\w+))? (\d+)$/.exec(flow) ?? [];
  const known = flowProtocols.find((name) => name === (protocol ?? "TCP"));
  if (known === undefined) throw new Error(`no flow: ${flow}`);
  return { source: peerOf(source), destination: peerOf(destination), protocol: known, port: Number(port) };
}

function peerOf(text: string): Peer {
  const entity = peerEntities.find((name) => name === text);
  if (entity !== undefined) return { kind: "entity", entity };
  if (inventory.nodes.some(({ name }) => name === text)) return { kind: "node", name: text };
  if (inventory.names.some(({ name }) => name === text)) return { kind: "fqdn", name: text };
  const [namespace = "", name] = text.split("/");
  return name === undefined ? { kind: "address", address: text } : { kind: "endpoint", namespace, name };
}

export const cnp = (name: string, spec: object, namespace = "shop") => ({
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  metadata: { name, namespace },
  spec: { endpointSelector: {}, ...spec },
});

export const ccnp = (name: string, spec: object) => ({
  apiVersion: "cilium.io/v2",
  kind: "CiliumClusterwideNetworkPolicy",
  metadata: { name },
  spec,
});

export const networkPolicy = (name: string, spec: object, namespace = "shop") => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec: { podSelector: {}, ...spec },
});

export const clusterNetworkPolicy = (name: string, tier: "Admin" | "Baseline", priority: number, spec: object) => ({
  apiVersion: "policy.networking.k8s.io/v1alpha2",
  kind: "ClusterNetworkPolicy",
  metadata: { name },
  spec: {
    tier,
    priority,
    subject: { namespaces: { matchLabels: { "kubernetes.io/metadata.name": "shop" } } },
    ...spec,
  },
});
