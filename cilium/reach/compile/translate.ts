/**
 * Service translation, which comes before policy (`bpf/bpf_lxc.c`): a Service's name, its DNS name or an address of it as
 * a destination stands for its backends on their target ports.
 */
import { canonicalAddress, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import type { Backend, Peer, Question, Service } from "./inventory.ts";
import type { Network } from "./network.ts";
import { isBehind, serviceOfName } from "./services.ts";

/** Where a connection arrives. */
export type Arrival = { readonly destination: Peer; readonly port: number };

export type ServiceTranslation =
  | { readonly kind: "none" }
  | {
      readonly kind: "service";
      /** `namespace/name` */
      readonly service: string;
      readonly backends: readonly Arrival[];
    }
  | { readonly kind: "unknown"; readonly why: Untranslatable };

/** Why it is not known where a connection to a Service arrives. */
export type Untranslatable =
  /** A load balancer's or external address is translated on whichever node the connection comes in. */
  | { readonly kind: "external-address"; readonly service: string; readonly address: string }
  /** A port of every node that stands for a Service. */
  | { readonly kind: "node-port"; readonly service: string; readonly port: number }
  | { readonly kind: "no-such-port"; readonly service: string; readonly port: number }
  /** No pod that it selects is known, nor an EndpointSlice. */
  | { readonly kind: "no-backend"; readonly service: string }
  /** The DNS name of a Service that is not known. */
  | { readonly kind: "no-service"; readonly service: string };

export function untranslatableText(why: Untranslatable): string {
  switch (why.kind) {
    case "external-address":
      return `${why.address} is an external address of Service ${why.service}: which node translates it, and whether the client's address survives that, is not known`;
    case "node-port":
      return `port ${why.port} of every node stands for Service ${why.service}: which backend it goes to, and from which address, is not known`;
    case "no-such-port":
      return `Service ${why.service} has no port ${why.port}`;
    case "no-backend":
      return `Service ${why.service} has no known backend: neither its EndpointSlice nor a pod that it selects is given`;
    case "no-service":
      return `Service ${why.service} is not known: the cluster's Services are not given, or it is not among them`;
  }
}

export function translate(network: Network, question: Question): ServiceTranslation {
  const named = serviceAt(network, question);
  if (named === undefined) return { kind: "none" };
  if ("why" in named) return { kind: "unknown", why: named.why };
  const { service } = named;
  const id = `${service.namespace}/${service.name}`;
  const backends = backendsAt(network, service, question);
  if (backends === undefined)
    return { kind: "unknown", why: { kind: "no-such-port", service: id, port: question.port } };
  if (backends.length === 0) return { kind: "unknown", why: { kind: "no-backend", service: id } };
  return { kind: "service", service: id, backends };
}

type Named = { readonly service: Service } | { readonly why: Untranslatable };

function serviceAt(
  { directory, inventory }: Network,
  { source, destination, port, protocol }: Question,
): Named | undefined {
  const find = (namespace: string, name: string): Named => {
    const service = directory.services.get(`${namespace}/${name}`);
    return service === undefined ? { why: { kind: "no-service", service: `${namespace}/${name}` } } : { service };
  };
  switch (destination.kind) {
    case "service":
      return find(destination.namespace, destination.name);
    case "fqdn": {
      const named = serviceOfName(destination.name);
      return named && find(named.namespace, named.name);
    }
    case "address": {
      const holder = directory.addresses.get(canonicalAddress(destination.address));
      if (holder?.kind === "node") return nodePort(inventory.services, port, protocol);
      if (holder?.kind !== "service") return undefined;
      const id = `${holder.namespace}/${holder.name}`;
      const service = directory.services.get(id);
      const internal = service?.clusterIPs.some(
        (address) => canonicalAddress(address) === canonicalAddress(destination.address),
      );
      if (!internal && !isInCluster(source)) {
        return { why: { kind: "external-address", service: id, address: destination.address } };
      }
      return service && { service };
    }
    case "node":
      return nodePort(inventory.services, port, protocol);
    case "endpoint":
    case "entity":
    case "cidr":
      return undefined;
  }
}

const isInCluster = ({ kind }: Peer): boolean => kind === "endpoint" || kind === "node";

function nodePort(services: readonly Service[] = [], port: number, protocol: Question["protocol"]): Named | undefined {
  const service = services.find(({ ports }) => ports.some((own) => own.nodePort === port && own.protocol === protocol));
  return service && { why: { kind: "node-port", service: `${service.namespace}/${service.name}`, port } };
}

/** Undefined if the Service does not have the port. */
function backendsAt(
  network: Network,
  service: Service,
  { port, protocol }: Pick<Question, "port" | "protocol">,
): readonly Arrival[] | undefined {
  const isHeadless = service.clusterIPs.length === 0;
  const own = service.ports.find((own) => own.port === port && own.protocol === protocol);
  if (own === undefined && !isHeadless) return undefined;
  // The name of a headless Service stands for its pods; nothing translates the port.
  const target = isHeadless || own === undefined ? undefined : own;
  if (service.backends !== undefined) {
    return service.backends.flatMap((backend) =>
      listed(network, backend, target === undefined ? port : target.name, port),
    );
  }
  return selected(network, service).flatMap(({ namespace, name, ports }) => {
    const written = target?.targetPort ?? port;
    const number = typeof written === "number" ? written : ports?.find(({ name }) => name === written)?.port;
    return number === undefined ? [] : [{ destination: { kind: "endpoint", namespace, name }, port: number }];
  });
}

/** @param target the name of a Service's port, or the number that is asked for */
function listed(
  { directory }: Network,
  { addresses, ports }: Backend,
  target: string | number,
  asked: number,
): Arrival[] {
  const port = typeof target === "number" ? asked : ports.find(({ name }) => name === target)?.port;
  if (port === undefined) return [];
  return addresses.map((address) => ({
    destination: directory.addresses.get(canonicalAddress(address)) ?? { kind: "address", address: written(address) },
    port,
  }));
}

const written = (address: string): string => {
  const parsed = parseAddressOrPrefix(address);
  return parsed === undefined ? address : formatPrefix(parsed);
};

const selected = ({ inventory }: Network, service: Service) =>
  inventory.endpoints.filter((endpoint) => isBehind(endpoint, service));
