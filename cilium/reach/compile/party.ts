/** The parties of a network: whoever can stand at an end of a flow, with what decides about it. */
import { containsPrefix, type Prefix } from "../../policy/cidr.ts";
import { addressOutside, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import { sampleName } from "./fqdn.ts";
import { endpointIdentity, entityIdentity, type Identity, outsideIdentity } from "./identity.ts";
import { type Endpoint, type Inventory, type Peer, type PeerEntity, peerEntities } from "./inventory.ts";
import { type NamedPorts, protocolBit } from "./ports.ts";

export type Party = {
  readonly peer: Peer;
  readonly identity: Identity;
  /** Its place among the parties that a network knows beforehand; -1 for one that a question brings in. */
  readonly position: number;
  /** Its container ports by lower-case name. */
  readonly ports: NamedPorts;
  readonly enforcement: Enforcement;
};

/** Where policies apply: at an endpoint; at a node only if the host firewall is on; elsewhere Cilium enforces none. */
export type Enforcement = "endpoint" | "node" | "elsewhere";

/**
 * The parties that a network knows beforehand: its endpoints, the entities, the parts of the world that policies tell
 * apart by their prefixes, and DNS names.
 */
export function knownParties(inventory: Inventory, prefixes: readonly Prefix[], names: readonly string[]): Party[] {
  const parties = [
    ...inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork).map((e) => endpointParty(e, inventory.cluster)),
    ...peerEntities.map((entity) => (entity === "world" ? worldParty(prefixes, inventory) : entityParty(entity))),
    // All of IPv4 is the entity world.
    ...prefixes
      .filter(({ address, bits }) => bits > 0 || address.kind() === "ipv6")
      .flatMap((prefix) => prefixParties(prefix, prefixes, inventory).slice(0, 1)),
    ...names.flatMap((name) => nameParties(name, inventory)),
  ];
  return parties.map((party, position) => ({ ...party, position }));
}

/** The party at an address that no endpoint and no node has. */
export const addressParty = (address: Prefix, inventory: Inventory): Party =>
  outsideParty({ kind: "address", address: formatPrefix(address) }, address, namesOf(address, inventory), inventory);

/** The parties that a name stands for: one for each of its addresses, or one whose address is not known. */
export function nameParties(name: string, inventory: Inventory): Party[] {
  const known = inventory.names.find((resolved) => resolved.name === name)?.addresses ?? [];
  const addresses = known.map(parseAddressOrPrefix).filter((address) => address !== undefined);
  if (addresses.length === 0) return [outsideParty({ kind: "fqdn", name }, undefined, [sampleName(name)], inventory)];
  return addresses.map((address) =>
    outsideParty({ kind: "fqdn", name }, address, namesOf(address, inventory), inventory),
  );
}

/**
 * The parties in a prefix, of which Cilium gives each one identity: what lies in no narrower prefix of the policies,
 * then what lies in each of those.
 */
export function prefixParties(prefix: Prefix, prefixes: readonly Prefix[], inventory: Inventory): Party[] {
  const parts = [prefix, ...prefixes.filter((inner) => containsPrefix(prefix, inner) && inner.bits > prefix.bits)];
  return parts.flatMap((part) => {
    const address = addressOutside(part, parts);
    const cidr = { kind: "cidr", cidr: formatPrefix(part) } as const;
    return address === undefined ? [] : [outsideParty(cidr, address, namesOf(address, inventory), inventory)];
  });
}

function endpointParty(endpoint: Endpoint, cluster: string): Party {
  const ports = (endpoint.ports ?? []).map(
    ({ name, port, protocol }) => [name.toLowerCase(), { port, protocol: protocolBit[protocol] }] as const,
  );
  return {
    peer: { kind: "endpoint", namespace: endpoint.namespace, name: endpoint.name },
    identity: endpointIdentity(endpoint, cluster),
    position: -1,
    ports: new Map(ports),
    enforcement: (endpoint.cluster ?? cluster) === cluster ? "endpoint" : "elsewhere",
  };
}

function entityParty(entity: Exclude<PeerEntity, "world">): Party {
  return {
    peer: { kind: "entity", entity },
    identity: entityIdentity(entity),
    position: -1,
    ports: new Map(),
    enforcement: entityEnforcement[entity],
  };
}

const entityEnforcement = {
  host: "node",
  "control-plane-host": "node",
  "remote-node": "node",
  "kube-apiserver": "node",
  ingress: "endpoint",
  health: "endpoint",
  init: "endpoint",
  unmanaged: "elsewhere",
} as const satisfies Record<Exclude<PeerEntity, "world">, Enforcement>;

const worldParty = (prefixes: readonly Prefix[], inventory: Inventory): Party =>
  outsideParty({ kind: "entity", entity: "world" }, anyIPv4 && addressOutside(anyIPv4, prefixes), [], inventory);

const anyIPv4 = parseAddressOrPrefix("0.0.0.0/0");

const outsideParty = (
  peer: Peer,
  address: Prefix | undefined,
  names: readonly string[],
  { ipv6 }: Inventory,
): Party => ({
  peer,
  identity: outsideIdentity(address, names, ipv6),
  position: -1,
  ports: new Map(),
  enforcement: "elsewhere",
});

function namesOf(address: Prefix, inventory: Inventory): readonly string[] {
  const known = namesByAddress.get(inventory) ?? readNames(inventory);
  namesByAddress.set(inventory, known);
  return known.get(formatPrefix(address)) ?? [];
}

/** Kept for each inventory, since every question about an address asks for them. */
const namesByAddress = new WeakMap<Inventory, ReadonlyMap<string, readonly string[]>>();

function readNames({ names }: Inventory): Map<string, string[]> {
  const byAddress = new Map<string, string[]>();
  for (const { name, addresses } of names) {
    const parsed = addresses.map(parseAddressOrPrefix).filter((address) => address !== undefined);
    for (const address of new Set(parsed.map(formatPrefix))) {
      byAddress.set(address, [...(byAddress.get(address) ?? []), name]);
    }
  }
  return byAddress;
}
