/** The pods of policies as workloads and groups: what is declared, and what it is called. */
import { examplePods, type Labels, labelSelector, nameLabels, podOf } from "../model/labels.ts";
import { camelCase } from "../model/names.ts";
import { type DefaultDeny, podProperties, type Workload } from "../model/peers/workload.ts";
import type { Subject } from "../model/peers.ts";
import { isNumbered, isTransportPort, type NumberedPort, type Spoken } from "../model/ports.ts";
import { policyName } from "../policy/parts.ts";
import { matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { podsIn, type Said, type Whose } from "./said.ts";

/** Policies of the same pods or nodes, as one declaration. */
export interface DeclaredSubject {
  readonly subject: Subject;
  readonly said: readonly Said[];
  /** Its pods in the inventory. */
  readonly pods: readonly Endpoint[];
}

/**
 * One for all policies that select alike. Where pods are those of several, the most narrowly selected are workloads, and the
 * others groups beside them.
 * @param taken names of policies that stay as they are, as `namespace/name`
 */
export function declaredFor(all: readonly Said[], inventory: Inventory, taken: ReadonlySet<string>): DeclaredSubject[] {
  const drafts = [...Map.groupBy(all, ({ of }) => keyOf(of)).values()].flatMap((said) =>
    said.slice(0, 1).map(({ of }) => ({ said, of, pods: podsOf(of, inventory) })),
  );
  const workloads: Draft[] = [];
  const byWidth = drafts.toSorted(
    (a, b) => Object.keys(b.of.labels).length - Object.keys(a.of.labels).length || a.pods.length - b.pods.length,
  );
  for (const draft of byWidth) {
    if (Object.keys(draft.of.labels).length > 0 && !workloads.some((other) => overlap(draft, other)))
      workloads.push(draft);
  }
  const called = Map.groupBy(workloads, ({ of }) =>
    JSON.stringify([of.kind === "namespace" && of.namespace, nameByLabel(of)]),
  );
  const alone = new Set([...called.values()].flatMap((alike) => (alike.length === 1 ? alike : [])));
  const names = namesFor(all, inventory, taken);
  return drafts.map((draft): DeclaredSubject => {
    const { of, said, pods } = draft;
    const isGroup = !workloads.includes(draft);
    const wanted = isGroup ? [] : [controllerOf(pods), alone.has(draft) ? nameByLabel(of) : undefined];
    return { said, pods, subject: subjectOf(draft, isGroup, (namespace) => names(namespace, said, wanted)) };
  });
}

interface Draft extends Pick<DeclaredSubject, "said" | "pods"> {
  readonly of: Whose;
}

const keyOf = ({ labels, ...of }: Whose): string => JSON.stringify([of, Object.entries(labels).sort()]);

function podsOf(of: Whose, inventory: Inventory): Endpoint[] {
  switch (of.kind) {
    case "namespace":
      return podsIn({ namespaces: of.namespace, labels: of.labels }, inventory);
    case "pods":
      return podsIn(of, inventory);
    case "nodes":
      return [];
  }
}

function subjectOf({ of, said, pods }: Draft, isGroup: boolean, nameIn: (namespace: string) => string): Subject {
  const name = said[0]?.name ?? "";
  switch (of.kind) {
    case "namespace":
      return workloadOf(of, { said, pods }, nameIn(of.namespace), isGroup);
    case "pods":
      return {
        kind: "clusterwide-group",
        name,
        namespaces: of.namespaces,
        labels: of.labels,
        defaultDeny: defaultDeny(said),
      };
    case "nodes":
      return { kind: "node-group", name, labels: of.labels, defaultDeny: defaultDeny(said) };
  }
}

/** Whether pods may be those of both, as far as the inventory and the selectors tell. */
function overlap({ of: a, pods }: Draft, { of: b, pods: others }: Draft): boolean {
  if (a.kind !== "namespace" || b.kind !== "namespace" || a.namespace !== b.namespace) return false;
  return pods.some((pod) => others.includes(pod)) || meets(a, b.labels) || meets(b, a.labels);
}

function meets({ namespace, labels }: Whose & { readonly kind: "namespace" }, others: Labels): boolean {
  const required = subjectRequirements(labelSelector(labels), namespace);
  return examplePods(others, {}).some((labels) =>
    matches(required, podIdentity({ ...podOf(labels), namespace, cluster: "" })),
  );
}

/** What makes the pods, if it is a single thing that has a name. */
function controllerOf(pods: readonly Endpoint[]): string | undefined {
  const [controller, ...others] = new Set(pods.map(({ name }) => name));
  return controller !== undefined && others.length === 0 && isName(controller) ? controller : undefined;
}

/** What the labels call the pods. */
function nameByLabel({ labels }: Whose): string | undefined {
  const [name] = nameLabels.flatMap((key) => {
    const match = labels[key];
    return typeof match === "string" && isName(match) ? [match] : [];
  });
  return name;
}

/** Gives names: the first that is wanted and that nothing has, else that of the policy. No other policy is called so. */
function namesFor(all: readonly Said[], { endpoints }: Inventory, taken: ReadonlySet<string>) {
  const names = new Set([...taken, ...endpoints.filter(({ hostNetwork }) => hostNetwork).map(podsName)]);
  const policies = new Map(
    all.flatMap((said) =>
      said.policy.kind === "CiliumNetworkPolicy" ? [[policyName(said.policy), said] as const] : [],
    ),
  );
  return (namespace: string, said: readonly Said[], wanted: readonly (string | undefined)[]): string => {
    const policy = said[0]?.name ?? "";
    const isFree = (name: string) => {
      const other = policies.get(`${namespace}/${name}`);
      return !names.has(`${namespace}/${name}`) && (other === undefined || said.includes(other));
    };
    const numbered = Array.from({ length: 99 }, (_, i) => `${policy}-${i + 2}`);
    const name = [...wanted, policy, ...numbered].find((one) => one !== undefined && isFree(one)) ?? policy;
    names.add(`${namespace}/${name}`);
    return name;
  };
}

const podsName = ({ namespace, name }: Endpoint): string => `${namespace}/${name}`;

const isName = (name: string): boolean => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name);

function workloadOf(
  { namespace, labels }: Whose & { readonly kind: "namespace" },
  { said, pods }: Pick<Draft, "said" | "pods">,
  name: string,
  isGroup: boolean,
): Workload {
  return {
    kind: "workload",
    namespace,
    namespaceLabels: undefined,
    name,
    isGroup,
    labels,
    otherLabels: {},
    ports: isGroup ? {} : portsOf(pods, said),
    probes: [],
    defaultDeny: defaultDeny(said),
    denyWorld: said.some(({ denyWorld }) => denyWorld),
  };
}

function defaultDeny(said: readonly Said[]): DefaultDeny {
  const ingress = said.some(({ denies }) => denies.ingress);
  const egress = said.some(({ denies }) => denies.egress);
  if (ingress && egress) return "both";
  return ingress ? "ingress" : egress ? "egress" : "none";
}

/** The ports that all of the pods name alike, by names that can be properties. */
function portsOf(pods: readonly Endpoint[], said: readonly Said[]): Record<string, NumberedPort> {
  const [first, ...others] = pods;
  const named = (first?.ports ?? []).filter((port) =>
    others.every(({ ports = [] }) => ports.some((one) => JSON.stringify(one) === JSON.stringify(port))),
  );
  const byNumber = Map.groupBy(named, ({ port }) => port);
  const ports: Record<string, NumberedPort> = {};
  for (const [number, alike] of byNumber) {
    const [one] = alike;
    if (one === undefined) continue;
    const written = camelCase(one.name).replace(/^[^A-Za-z_]+/, "");
    const name = written === "" || written === "on" || podProperties.includes(written) ? `port${number}` : written;
    const transports = [...new Set(alike.map(({ protocol }) => protocol))];
    if (name in ports) continue;
    const port = spoken(one.name, number, transports);
    ports[name] = { ...port, speaks: carriedOn({ number, name: one.name }, said) ?? port.speaks };
  }
  return ports;
}

/** What rules say that a port of their pods carries, by its number or its name. */
function carriedOn({ number, name }: { readonly number: number; readonly name: string }, said: readonly Said[]) {
  return said
    .flatMap(({ rules }) => rules.filter(({ direction }) => direction === "ingress").flatMap(({ ports }) => ports))
    .filter(({ carried }) => carried !== undefined)
    .flatMap(({ ports }) => ports)
    .filter(isTransportPort)
    .find((one) => (isNumbered(one) ? one.number === number : one.name.toLowerCase() === name.toLowerCase()))?.speaks;
}

/** What a port's name says that is spoken there. */
function spoken(name: string, number: number, transports: NumberedPort["transports"]): NumberedPort {
  const only = transports.length === 1 ? transports[0] : undefined;
  if (only === undefined) {
    const isDns = transports.length === 2 && !transports.includes("SCTP") && (number === 53 || /dns/.test(name));
    return { number, transports: isDns ? ["UDP", "TCP"] : transports, speaks: isDns ? "dns" : "tcp" };
  }
  return { number, transports, speaks: only === "TCP" ? overTcp(name) : only === "UDP" ? "udp" : "sctp" };
}

function overTcp(name: string): Spoken {
  if (/^(https|tls|webhook-server)/.test(name)) return "https";
  if (/^grpc/.test(name)) return "grpc";
  return /^http/.test(name) ? "http" : "tcp";
}
