/** The line that would have to stand in a namespace's file for this program to allow a flow. */
import { z } from "zod";
import { type ConfiguredCluster, workloads } from "../cilium/model/cluster.ts";
import type { HostNetworkPods, Workload } from "../cilium/model/peers.ts";
import type { Transport } from "../cilium/model/ports.ts";
import type { Peer, PeerEntity, Question } from "../cilium/reach/compile/inventory.ts";

/** What to write, or why the program has no words for the flow. */
export type Statement =
  | {
      readonly kind: "lines";
      readonly file: string;
      readonly lines: readonly string[];
    }
  | { readonly kind: "none"; readonly reason: string };

/** The statement that allows a flow, with the lines that it needs besides. */
export async function statementFor(question: Question, cluster: ConfiguredCluster): Promise<Statement> {
  const { source, destination } = question;
  const transport = transports.find((known) => known === question.protocol);
  if (transport === undefined) {
    return { kind: "none", reason: `flows of this program are TCP, UDP or SCTP, not ${question.protocol}` };
  }
  const client = podsOf(source, cluster);
  const server = podsOf(destination, cluster);
  const home = client ?? server;
  if (home === undefined || (client?.kind !== "workload" && server?.kind !== "workload")) {
    return { kind: "none", reason: "policies govern pods, and neither end is a workload of this program" };
  }
  const from = client ? await identifier(client) : sourceWord(source);
  if (from === undefined) {
    return {
      kind: "none",
      reason: "flows of this program start at workloads, nodes, the gateway or world (everything outside the cluster)",
    };
  }
  const to = server
    ? await destinationPods(server, question.port, transport)
    : destinationWord(destination, question.port, transport, cluster.settings.apiServerPort);
  if (to === undefined) return { kind: "none", reason: "this program has no word for the destination" };
  const imports = [client, server].flatMap((pods) => (pods && pods.namespace !== home.namespace ? [pods] : []));
  return {
    kind: "lines",
    file: fileOf(home),
    lines: [
      ...(from === "world" && source.kind !== "entity"
        ? ["// an address cannot be a source; world is everything outside"]
        : []),
      ...to.before,
      ...(await Promise.all(
        imports.map(async (pods) => `import { ${await identifier(pods)} } from "./${pods.namespace}.ts";`),
      )),
      `from(${from}).to(${to.word}),`,
    ],
  };
}

const transports: readonly Transport[] = ["TCP", "UDP", "SCTP"];

type Pods = Workload | HostNetworkPods;

interface Words {
  readonly word: string;
  /** What has to be written before it. */
  readonly before: readonly string[];
}

function podsOf(peer: Peer, cluster: ConfiguredCluster): Pods | undefined {
  if (peer.kind !== "endpoint") return undefined;
  const all: Pods[] = [...workloads(cluster), ...cluster.namespaces.flatMap(({ hostNetwork }) => hostNetwork)];
  return all.find(({ namespace, name }) => namespace === peer.namespace && name === peer.name);
}

const fileOf = ({ namespace }: Pods): string => `cluster/${namespace}.ts`;

const exported = z.looseObject({ namespace: z.string(), name: z.string() });

/** The name under which a namespace's file exports a workload. */
async function identifier({ namespace, name }: Pods): Promise<string> {
  const file: Record<string, unknown> = await import(`../cluster/${namespace}.ts`);
  const found = Object.entries(file).find(([, value]) => {
    const pods = exported.safeParse(value);
    return pods.success && pods.data.namespace === namespace && pods.data.name === name;
  });
  return found?.[0] ?? name;
}

async function destinationPods(server: Pods, number: number, transport: Transport): Promise<Words> {
  const port = Object.entries(server.ports).find(
    ([, declared]) => declared.number === number && declared.transports.includes(transport),
  );
  const id = await identifier(server);
  if (port !== undefined) return { word: `${id}.${port[0]}`, before: [] };
  const name = `port${number}`;
  const before = `// in the ports of ${server.name} in ${fileOf(server)}: ${name}: ${transport.toLowerCase()}(${number})`;
  return { word: `${id}.${name}`, before: [before] };
}

function sourceWord(source: Peer): string | undefined {
  switch (source.kind) {
    case "entity":
      return entityWords[source.entity];
    case "node":
      return "nodes";
    case "address":
    case "cidr":
      return "world";
    case "endpoint":
    case "fqdn":
    case "service":
      return undefined;
  }
}

function destinationWord(to: Peer, port: number, transport: Transport, apiServerPort: number): Words | undefined {
  const word = peerWord(to);
  if (word === undefined) return undefined;
  if (word === entityWords["kube-apiserver"] && port === apiServerPort && transport === "TCP")
    return { word, before: [] };
  return { word: `${word}.on(${transport === "TCP" ? port : `${transport.toLowerCase()}(${port})`})`, before: [] };
}

function peerWord(to: Peer): string | undefined {
  switch (to.kind) {
    case "entity":
      return entityWords[to.entity];
    case "node":
      return "nodes";
    case "address":
      return `cidr("${to.address}/${to.address.includes(":") ? 128 : 32}")`;
    case "cidr":
      return `cidr("${to.cidr}")`;
    case "fqdn":
      return `fqdn("${to.name}")`;
    case "endpoint":
    case "service":
      return undefined;
  }
}

/** The language's words for entities. */
const entityWords: Readonly<Partial<Record<PeerEntity, string>>> = {
  host: "host",
  "control-plane-host": "host",
  "remote-node": "remoteNode",
  "kube-apiserver": "kubeApiserver",
  ingress: "gateway",
  world: "world",
};
