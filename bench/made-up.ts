/** Clusters that nobody has, of any size. */
import type { Policy } from "../cilium/policy/schema.ts";

/** Namespaces of twenty workloads: each is called by three neighbours, by Prometheus and the Gateway, and calls others. */
export function policiesOf(size: number): Policy[] {
  return Array.from({ length: size }, (_, i): Policy => {
    const { namespace, name } = place(i);
    const neighbour = (step: number) => ({ matchLabels: { app: place(inNamespace(i, step, size)).name } });
    const ports = (port: number) => [{ ports: [{ port: `${port}`, protocol: "TCP" as const }] }];
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
        ],
      },
    };
  });
}

export function place(i: number): { namespace: string; name: string } {
  return { namespace: `namespace-${Math.floor(i / perNamespace)}`, name: `workload-${i}` };
}

const perNamespace = 20;

/** The workload some steps further on in the same namespace. */
function inNamespace(i: number, step: number, size: number): number {
  const first = i - (i % perNamespace);
  const length = Math.min(perNamespace, size - first);
  return first + ((((i - first + step) % length) + length) % length);
}
