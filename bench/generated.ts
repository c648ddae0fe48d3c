/** Made-up clusters of any size, for benchmarks. */
import type { Policy } from "../cilium/policy/schema.ts";
import type { Endpoint, Inventory } from "../cilium/reach/compile/inventory.ts";

const perNamespace = 20;

type Spec = NonNullable<Extract<Policy, { kind: "CiliumNetworkPolicy" }>["spec"]>;
type Rules = { readonly [Direction in "ingress" | "egress"]?: NonNullable<Spec[Direction]> };

const ports = (port: number, protocol: "TCP" | "UDP" = "TCP") => [{ ports: [{ port: `${port}`, protocol }] }];

/** Namespaces of some workloads: each is called by three neighbours, by Prometheus and the Gateway, and calls others. */
export function policiesOf(
  size: number,
  besides: (i: number) => Rules = () => ({}),
  workloads = perNamespace,
): Policy[] {
  return Array.from({ length: size }, (_, i): Policy => {
    const { namespace, name } = place(i, workloads);
    const neighbour = (step: number) => ({ matchLabels: { app: place(inNamespace(i, step, size, workloads)).name } });
    const { ingress = [], egress = [] } = besides(i);
    return {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name, namespace },
      spec: {
        endpointSelector: { matchLabels: { app: name } },
        ingress: [
          { fromEndpoints: [neighbour(-1), neighbour(-2), neighbour(-3)], toPorts: ports(8080) },
          {
            fromEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "namespace-0", app: "workload-0" } }],
            toPorts: ports(9090),
          },
          { fromEntities: ["ingress"], toPorts: ports(8443) },
          ...ingress,
        ],
        egress: [
          { toEndpoints: [neighbour(1), neighbour(2), neighbour(3)], toPorts: ports(8080) },
          {
            toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "namespace-0", app: "workload-1" } }],
            toPorts: [{ ports: [{ port: "53", protocol: "UDP" }], rules: { dns: [{ matchPattern: "*" }] } }],
          },
          { toEntities: ["kube-apiserver"], toPorts: ports(6443) },
          ...(i % 10 === 0 ? [{ toCIDR: [`10.${(i >> 8) & 255}.${i & 255}.0/24`], toPorts: ports(443) }] : []),
          ...(i % 10 === 5 ? [{ toFQDNs: [{ matchName: `api-${i}.example.com` }], toPorts: ports(443) }] : []),
          ...egress,
        ],
      },
    };
  });
}

/**
 * The same, and besides across namespaces: Prometheus scrapes all, DNS answers all, and every fourth workload calls one
 * of a few namespaces further on.
 */
export function connectedPoliciesOf(size: number): Policy[] {
  const serverOf = (i: number) => (i + perNamespace * (1 + ((i / 4) % 3)) + 7) % size;
  const callers = Map.groupBy(
    Array.from({ length: size }, (_, i) => i).filter((i) => i % 4 === 0),
    serverOf,
  );
  const everyPod = { matchExpressions: [{ key: "io.kubernetes.pod.namespace", operator: "Exists" as const }] };
  const pods = (i: number) => ({
    matchLabels: { "io.kubernetes.pod.namespace": place(i).namespace, app: place(i).name },
  });
  return policiesOf(size, (i) => ({
    ingress: [
      ...(i === 1 ? [{ fromEndpoints: [everyPod], toPorts: ports(53, "UDP") }] : []),
      ...(callers.has(i) ? [{ fromEndpoints: (callers.get(i) ?? []).map(pods), toPorts: ports(5432) }] : []),
    ],
    egress: [
      ...(i === 0 ? [{ toEndpoints: [everyPod], toPorts: ports(9090) }] : []),
      ...(i % 4 === 0 ? [{ toEndpoints: [pods(serverOf(i))], toPorts: ports(5432) }] : []),
    ],
  }));
}

/** @param replicas how many pods each workload has */
export function inventoryOfSize(size: number, replicas = 1): Inventory {
  const endpoints = Array.from({ length: size }, (_, i) => {
    const { namespace, name } = place(i);
    return Array.from({ length: replicas }, (_, replica): Endpoint => {
      const pod = replicas === 1 ? name : `${name}-${replica}`;
      return { namespace, name: pod, labels: { app: name, tier: `tier-${i % 5}` } };
    });
  }).flat();
  return { cluster: "default", endpoints, nodes: [], names: [] };
}

function place(i: number, workloads = perNamespace): { namespace: string; name: string } {
  return { namespace: `namespace-${Math.floor(i / workloads)}`, name: `workload-${i}` };
}

/** The workload some steps further on in the same namespace. */
function inNamespace(i: number, step: number, size: number, workloads: number): number {
  const first = i - (i % workloads);
  const length = Math.min(workloads, size - first);
  return first + ((((i - first + step) % length) + length) % length);
}
