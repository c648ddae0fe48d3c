/** Folders of manifests that a test writes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../toolchain/lifetime.ts";

/** A new folder with the given files, by their path in it. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder("manifests");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A policy of namespace `shop` that selects `app: <name>`. */
export const shopPolicy = (name: string, spec: string): string => `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${name}, namespace: shop, labels: {team: shop}}
spec:
  description: What ${name} may do
  endpointSelector: {matchLabels: {app: ${name}}}
${spec
  .trim()
  .split("\n")
  .map((line) => `  ${line}`)
  .join("\n")}
`;

/** A pod of namespace `shop`. */
const pod = (
  name: string,
  { metadata = `labels: {app: ${name}}`, spec = "{containers: [{name: main, image: none}]}", status = "{}" },
) => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, ${metadata}}
spec: ${spec}
status: ${status}
`;

const webReplica =
  "labels: {app: web, pod-template-hash: 7d4b9}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7d4b9, uid: web, controller: true}]";

/** A shop: web calls api, api calls db; both ends say so. */
export const shopPolicies = [
  shopPolicy(
    "web",
    `
ingress: [{fromEntities: [ingress], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{}]}}]}]
egress: [{toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "9000", protocol: TCP}]}]}]`,
  ),
  shopPolicy(
    "api",
    `
ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "9000", protocol: TCP}]}]}]
egress: [{toEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: sql, protocol: TCP}]}]}]`,
  ),
  shopPolicy(
    "db",
    `
ingress: [{fromEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: sql, protocol: TCP}]}]}]
egress: [{}]`,
  ),
].join("");

/** The pods of the shop: web has two replicas of a Deployment, and a log collector runs on the host's network. */
export const shopPods = [
  pod("web-7d4b9-aaaaa", { metadata: webReplica, status: "{podIP: 10.0.0.1}" }),
  pod("web-7d4b9-bbbbb", { metadata: webReplica, status: "{podIP: 10.0.0.2}" }),
  pod("api", { status: "{podIP: 10.0.0.3}" }),
  pod("db", {
    spec: "{nodeName: worker, containers: [{name: main, image: none, ports: [{name: sql, containerPort: 5432}]}]}",
    status: "{podIPs: [{ip: 10.0.0.4}]}",
  }),
  pod("logs", {
    spec: "{hostNetwork: true, nodeName: worker, containers: [{name: main, image: none}]}",
    status: "{podIP: 192.0.2.20}",
  }),
  `---
apiVersion: v1
kind: Node
metadata: {name: worker, labels: {}}
status: {addresses: [{type: InternalIP, address: 192.0.2.20}, {type: Hostname, address: worker}]}
---
apiVersion: v1
kind: Node
metadata: {name: control, labels: {node-role.kubernetes.io/control-plane: ""}}
status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {stage: production}}
`,
].join("");
