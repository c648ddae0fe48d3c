/** A point of a universe as a cluster and a question that anybody can ask again. */
import { namespaceLabelsPrefix, namespaceNameLabel } from "../policy/selector.ts";
import type { ClusterNode, Endpoint, Inventory, NamedPort, Peer, Question } from "../reach/compile/inventory.ts";
import type { Assignment } from "./search.ts";
import { isNear, type Pair } from "./side.ts";
import { type Attribute, type Kind, type Role, roles, type Universe, type Variable } from "./universe.ts";

export type Point = Pair & {
  readonly assignment: Assignment;
  readonly question: Pick<Question, "protocol" | "port">;
};

/** What is added to a side's cluster, and the question about it. */
export type Witness = {
  readonly endpoints: readonly Endpoint[];
  readonly nodes: readonly ClusterNode[];
  readonly names: Inventory["names"];
  /** The address of an API server outside the cluster. */
  readonly apiServer: readonly string[];
  readonly question: Question;
};

/** @param addressed whether pods must have addresses, since policies can name them */
export function witnessOf(point: Point, universe: Universe, addressed: boolean): Witness {
  const value = valueReader(point, universe);
  const namespaces = namespacesOf(point, value, universe);
  const peers: Record<Role, Peer> = {
    source: peerOf(point.source, "source", namespaces.source.name, value),
    destination: peerOf(point.destination, "destination", namespaces.destination.name, value),
  };
  const nodes = nodesOf(point, value, universe);
  const endpoints = roles.flatMap((end) => {
    const kind = point[end];
    return kind.kind === "pod" || kind.kind === "foreign-pod"
      ? [podOf(end, kind, point, namespaces[end], value, addressed, universe)]
      : [];
  });
  const outside = roles.flatMap((end) => {
    const kind = point[end];
    return kind.kind === "outside"
      ? [{ kind, address: addressAt(end, value, universe), name: value(end, { kind: "name" }) }]
      : [];
  });
  return {
    endpoints,
    nodes: [...nodes, ...(outside.some(({ kind }) => kind.apiServer) ? [plainNode("worker")] : [])],
    names: outside.flatMap(({ name, address }) => (name === undefined ? [] : [{ name, addresses: [address] }])),
    apiServer: outside.flatMap(({ kind, address }) => (kind.apiServer ? [address] : [])),
    question: { ...peers, protocol: point.question.protocol, port: point.question.port },
  };

  function peerOf(kind: Kind, end: Role, namespace: string, read: typeof value): Peer {
    switch (kind.kind) {
      case "pod":
      case "foreign-pod":
        return { kind: "endpoint", namespace, name: end };
      case "entity":
        return { kind: "entity", entity: kind.entity };
      case "node":
        return { kind: "node", name: nodeName(end) };
      case "outside": {
        const name = end === "destination" ? read(end, { kind: "name" }) : undefined;
        return name === undefined
          ? { kind: "address", address: addressAt(end, read, universe) }
          : { kind: "fqdn", name };
      }
    }
  }
}

type ValueReader = (end: Role, attribute: Attribute) => string | undefined;

function valueReader({ assignment }: Point, universe: Universe): ValueReader {
  return (end, attribute) => {
    const variable = universe.variable(end, attribute);
    const position = variable && assignment.get(variable);
    return position === undefined ? undefined : variable?.values[position];
  };
}

/** The address of what is outside, or of a pod or node whose address matters: the plainest if it does not. */
function addressAt(end: Role, value: ValueReader, universe: Universe): string {
  const [source, destination] = roles.map(
    (one) => value(one, { kind: "address" }) ?? universe.variable(one, { kind: "address" })?.values[0] ?? "203.0.113.1",
  );
  if (source === undefined || destination === undefined) throw new Error("a connection has two ends");
  if (end === "source") return source;
  return source === destination ? (universe.another(source) ?? destination) : destination;
}

type Namespace = { readonly name: string; readonly labels: Readonly<Record<string, string>> };

/** Both ends' namespaces: the same only where it has the labels of both. */
function namespacesOf(
  { assignment, ...kinds }: Point,
  value: ValueReader,
  universe: Universe,
): Record<Role, Namespace> {
  const plain = universe.variable("source", { kind: "namespace" });
  const other = plain?.values[0] ?? "elsewhere";
  const labels = (end: Role): Record<string, string> =>
    Object.fromEntries(
      [...assignment].flatMap(([variable, position]) => {
        const { attribute } = variable;
        const text = variable.values[position];
        return variable.end === end && attribute.kind === "namespace-label" && text !== undefined
          ? [[attribute.key, text]]
          : [];
      }),
    );
  const [source, destination] = roles.map((end) => ({
    name: value(end, { kind: "namespace" }) ?? other,
    labels: labels(end),
  }));
  if (source === undefined || destination === undefined) throw new Error("a connection has two ends");
  if (source.name !== destination.name) return { source, destination };
  if (source.name === other && JSON.stringify(source.labels) !== JSON.stringify(destination.labels)) {
    return { source, destination: { ...destination, name: unusedName(`${other}-too`, plain) } };
  }
  // In another cluster of a mesh a namespace of the same name is another one.
  if (kinds.source !== kinds.destination) return { source, destination };
  const both = { name: source.name, labels: { ...source.labels, ...destination.labels } };
  return { source: both, destination: both };
}

const unusedName = (name: string, variable: Variable | undefined): string =>
  variable?.values.includes(name) ? unusedName(`${name}-too`, variable) : name;

function podOf(
  end: Role,
  kind: Kind,
  { assignment, question, ...point }: Point,
  namespace: Namespace,
  value: ValueReader,
  addressed: boolean,
  universe: Universe,
): Endpoint {
  const labels: Record<string, string> = {};
  const ports: NamedPort[] = [];
  for (const [variable, position] of assignment) {
    const text = variable.values[position];
    if (variable.end !== end || text === undefined) continue;
    if (variable.attribute.kind === "label") labels[variable.attribute.key] = text;
    if (variable.attribute.kind === "port-name" && hasPorts(question.protocol)) {
      const port = text === "exact" ? question.port : question.port - 1;
      ports.push({ name: variable.attribute.name, port, protocol: question.protocol });
    }
  }
  const other = point[end === "source" ? "destination" : "source"];
  return {
    namespace: namespace.name,
    name: end,
    labels,
    namespaceLabels: namespace.labels,
    serviceAccount: value(end, { kind: "service-account" }) ?? plainAccount(end, universe),
    ...(kind.kind === "foreign-pod" && { cluster: value(end, { kind: "cluster" }) ?? "another-cluster" }),
    ports,
    ...(addressed && kind.kind === "pod" && { addresses: [addressAt(end, value, universe)] }),
    ...(other.kind === "node" && { node: isNear(other) ? nodeName(opposite(end)) : "worker" }),
  };
}

const hasPorts = (protocol: string): protocol is NamedPort["protocol"] => ["TCP", "UDP", "SCTP"].includes(protocol);

const plainAccount = (end: Role, universe: Universe): string =>
  universe.variable(end, { kind: "service-account" })?.values[0] ?? "default";

const opposite = (end: Role): Role => (end === "source" ? "destination" : "source");

const nodeName = (end: Role): string => `${end}-node`;

const plainNode = (name: string): ClusterNode => ({ name, controlPlane: false, labels: {}, addresses: [] });

function nodesOf(point: Point, value: ValueReader, universe: Universe): ClusterNode[] {
  const own = roles.flatMap((end): ClusterNode[] => {
    const kind = point[end];
    if (kind.kind !== "node") return [];
    const labels = Object.fromEntries(
      [...point.assignment].flatMap(([variable, position]) => {
        const text = variable.values[position];
        return variable.end === end && variable.attribute.kind === "node-label" && text !== undefined
          ? [[variable.attribute.key, text]]
          : [];
      }),
    );
    const address = value(end, { kind: "address" }) === undefined ? undefined : addressAt(end, value, universe);
    return [
      {
        name: nodeName(end),
        controlPlane: kind.controlPlane,
        labels,
        addresses: address === undefined ? [] : [address],
      },
    ];
  });
  const far = roles.some((end) => point[end].kind === "node" && !isNear(point[end]));
  return far ? [...own, plainNode("worker")] : own;
}

/** A side's cluster with a witness in it; what else is there stands at no end. */
export const withWitness = (inventory: Inventory, { endpoints, nodes, names, apiServer }: Witness): Inventory => ({
  ...inventory,
  isPartial: true,
  endpoints,
  nodes,
  names,
  apiServer,
});

/** A witness as Kubernetes objects. */
export function witnessObjects({ endpoints, nodes, apiServer }: Witness): object[] {
  const namespaces = new Map(
    endpoints.map(({ namespace, namespaceLabels }) => [
      namespace,
      { ...namespaceLabels, [namespaceNameLabel.slice(namespaceLabelsPrefix.length)]: namespace },
    ]),
  );
  return [
    ...endpoints.map(podObject),
    ...[...namespaces].map(([name, labels]) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } })),
    ...nodes.map(({ name, controlPlane, labels, addresses }) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { ...labels, ...(controlPlane && { "node-role.kubernetes.io/control-plane": "" }) } },
      status: { addresses: addresses.map((address) => ({ type: "InternalIP", address })) },
    })),
    ...(apiServer.length === 0
      ? []
      : [
          {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "kubernetes", namespace: "default" },
            spec: { clusterIP: "None", ports: [] },
          },
          {
            apiVersion: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            metadata: {
              name: "kubernetes",
              namespace: "default",
              labels: { "kubernetes.io/service-name": "kubernetes" },
            },
            addressType: apiServer.some((address) => address.includes(":")) ? "IPv6" : "IPv4",
            endpoints: apiServer.map((address) => ({ addresses: [address] })),
            ports: [],
          },
        ]),
  ];
}

const podObject = ({
  namespace,
  name,
  labels,
  serviceAccount,
  ports = [],
  addresses = [],
  node,
  cluster,
}: Endpoint) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels },
  spec: {
    ...(serviceAccount !== undefined && serviceAccount !== "default" && { serviceAccountName: serviceAccount }),
    ...(node !== undefined && { nodeName: node }),
    containers: [
      {
        name,
        image: "none",
        ...(ports.length > 0 && {
          ports: ports.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
        }),
      },
    ],
  },
  ...(addresses.length > 0 && { status: { podIPs: addresses.map((ip) => ({ ip })), podIP: addresses[0] } }),
  // What the form of Pods has no place for, and whoever reads Pods here takes all the same.
  ...(cluster !== undefined && { cluster }),
});

/** Who stands at the ends, in words: `where shop/source has the labels app=web`. */
export const witnessParties = ({ endpoints }: Witness): string[] =>
  endpoints.map(({ namespace, name, labels, namespaceLabels = {}, ports = [] }) =>
    [
      `where ${namespace}/${name} has ${labelsText(labels)}`,
      ...ports.map(({ name, port, protocol }) => `the name ${name} for port ${port}/${protocol}`),
      ...(Object.keys(namespaceLabels).length > 0 ? [`and its namespace ${labelsText(namespaceLabels)}`] : []),
    ].join(", "),
  );

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.keys(labels).length === 0
    ? "no label"
    : `the labels ${Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(", ")}`;
