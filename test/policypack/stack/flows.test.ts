/** The rule both-ends-open against the engine, asked about every connection between all pods of a small universe. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { namespaceOf, policyName } from "../../../cilium/policy/parts.ts";
import { podsSatisfying, representatives } from "../../../cilium/policy/representatives.ts";
import type { CiliumPolicy, LabelSelector, PortProtocol, PortRule } from "../../../cilium/policy/schema.ts";
import {
  clusterLabel,
  matches,
  peerRequirements,
  podIdentity,
  type Requirement,
  subjectRequirements,
} from "../../../cilium/policy/selector.ts";
import { withWitness } from "../../../cilium/prove/witness.ts";
import type { Endpoint, FlowProtocol } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import type { EndVerdict } from "../../../cilium/reach/decide/decide.ts";
import { type Verdict, verdict } from "../../../cilium/reach/decide/verdict.ts";
import { type HalfOpenFlow, halfOpenFlows } from "../../../policypack/stack/flows.ts";
import { Stack } from "../../../policypack/stack/stack.ts";
import { resourceOf } from "../registration.ts";
import { cluster, policySets, samples, universe } from "./policy-sets.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

describe(`The rule both-ends-open finds what the engine finds (SEED=${seed})`, function () {
  this.timeout("2m");
  const parameters = { seed, numRuns: Number(process.env.SETS ?? 60) };
  let compared = 0;
  after(() => assert.ok(compared > 30, `only ${compared} flows were half open`));

  it("at the end of a stack, of the flows that each policy opens", () => {
    fc.assert(
      fc.property(policySets, (policies) => {
        const stack = stackOf(policies, { whole: true });
        const expected = asked(policies, true);
        for (const policy of policies) {
          const own = expected.filter(({ by, opener }) => by === policyName(policy) && isOf(policy, opener));
          compared += compare(policies, halfOpenFlows(policy, stack, cluster), own);
        }
      }),
      parameters,
    );
  });

  it("when a policy is registered, of the flows from and to its pods", () => {
    fc.assert(
      fc.property(policySets, (policies) => {
        policies.forEach((policy, index) => {
          if (policy.kind === "CiliumClusterwideNetworkPolicy") return;
          const known = policies.slice(0, index + 1);
          const concerned = asked(known, false).filter(
            ({ opener, target }) => isOf(policy, opener) || isOf(policy, target),
          );
          compared += compare(known, halfOpenFlows(policy, stackOf(known, {}), cluster), concerned);
        });
      }),
      parameters,
    );
  });
});

type Asked = {
  readonly by: string;
  readonly place: string;
  readonly opener: CiliumPolicy;
  readonly target: CiliumPolicy;
};

const isOf = (policy: CiliumPolicy, workload: CiliumPolicy): boolean =>
  policy === workload || policy.kind === "CiliumClusterwideNetworkPolicy";

function compare(
  policies: readonly CiliumPolicy[],
  found: readonly HalfOpenFlow[],
  expected: readonly Asked[],
): number {
  const names = (flows: readonly string[]) => [...new Set(flows)].sort();
  const told = names(expected.map(({ by, place, target }) => `${by} ${place} → ${policyName(target)}`));
  assert.deepEqual(
    names(found.map(({ opened, closed }) => `${opened.by} ${opened.place} → ${policyName(closed)}`)),
    told,
  );
  for (const flow of found) confirm(policies, flow);
  return told.length;
}

/** What the engine says of a witness: the rule opens the connection, and the other end refuses it. */
function confirm(policies: readonly CiliumPolicy[], { opened, refusal: { witness } }: HalfOpenFlow): void {
  const inventory = withWitness({ cluster, endpoints: [], nodes: [], names: [] }, witness);
  const { egress, ingress } = verdict(compile(policies, inventory), witness.question);
  const [here, there] = opened.direction === "egress" ? [egress, ingress] : [ingress, egress];
  assert.ok(isOpenedBy(here, { policy: opened.by, place: opened.place }));
  assert.equal(there.verdict, "denied");
}

function stackOf(policies: readonly CiliumPolicy[], options: { whole?: boolean }): Stack {
  const stack = new Stack(options);
  for (const policy of policies) {
    const resource = resourceOf(policy);
    const urn = `urn:pulumi:test::test::${resource.type}::${resource.name}`;
    stack.add({ ...resource, urn, props: { ...policy } }, { readable: true, policy });
  }
  return stack;
}

/** Every half-open flow that a rule opens for workloads which it names, from verdicts about all pods of a small universe. */
function asked(policies: readonly CiliumPolicy[], whole: boolean): Asked[] {
  const network = compile(policies, { cluster, endpoints: universe, nodes: [], names: [] });
  const answers = new Map<string, Verdict>();
  const ask = (source: Endpoint, destination: Endpoint, protocol: FlowProtocol, port: number): Verdict => {
    const key = JSON.stringify([peer(source), peer(destination), protocol, port]);
    const known =
      answers.get(key) ?? verdict(network, { source: peer(source), destination: peer(destination), protocol, port });
    answers.set(key, known);
    return known;
  };
  const workloads = policies.filter(({ kind }) => kind === "CiliumNetworkPolicy");
  return policies.flatMap((policy) =>
    openings(policy).flatMap(({ place, direction, selector, groups }) => {
      const rule = { policy: policyName(policy), place };
      const own = subjectOf(policy);
      const named = peerRequirements(selector, { namespace: namespaceOf(policy), cluster, subject: undefined });
      return workloads
        .filter((opener) => standIns(opener).some((pod) => matches(own, pod)))
        .flatMap((opener) =>
          meantBy(named, workloads, whole)
            .filter((target) => {
              const [here, there] = [
                [...own, ...subjectOf(opener)],
                [...named, ...subjectOf(target)],
              ];
              const pairs = podsOf(here).flatMap((one) =>
                podsOf(there).map((other) => ({ one, other, isPlain: isPlain(one, here) && isPlain(other, there) })),
              );
              return groups.some((group) => {
                const ends = pairs.map(({ one, other, isPlain }) => ({
                  isPlain,
                  verdicts: group.map(({ protocol, port }) => {
                    const [source, destination] = direction === "egress" ? [one, other] : [other, one];
                    const { egress, ingress } = ask(source, destination, protocol, port);
                    return direction === "egress" ? { here: egress, there: ingress } : { here: ingress, there: egress };
                  }),
                }));
                const isLacking = ends.some(
                  ({ isPlain, verdicts }) =>
                    isPlain &&
                    verdicts.every(({ here, there }) => isOpenedBy(here, rule) && isDeniedBy(there, "default-deny")),
                );
                const all = ends.flatMap(({ verdicts }) => verdicts);
                const isClosed =
                  all.some(({ here, there }) => isOpenedBy(here, rule) && there.verdict === "denied") &&
                  !all.some(({ here, there }) => here.verdict === "allowed" && there.verdict === "allowed");
                return isLacking || isClosed;
              });
            })
            .map((target) => ({ by: policyName(policy), place, opener, target })),
        );
    }),
  );
}

const peer = ({ namespace, name }: Endpoint) => ({ kind: "endpoint", namespace, name }) as const;

const isOpenedBy = (end: EndVerdict, { policy, place }: { policy: string; place: string }): boolean =>
  end.verdict === "allowed" &&
  end.by.kind === "rules" &&
  end.by.rules.some((rule) => rule.policy === policy && rule.path === place);

const isDeniedBy = (end: EndVerdict, kind: "default-deny" | "rules"): boolean =>
  end.verdict === "denied" && end.by.kind === kind;

const subjectOf = (policy: CiliumPolicy): Requirement[] =>
  subjectRequirements(policy.spec?.endpointSelector ?? {}, namespaceOf(policy));

const standIns = (policy: CiliumPolicy) =>
  representatives(policy.spec?.endpointSelector ?? {}, namespaceOf(policy)).map((pod) => [
    ...pod,
    { source: "k8s", key: clusterLabel, value: cluster },
  ]);

/** The workloads that a peer selects, or, in a whole stack without any, those whose policies select a pod that it describes. */
function meantBy(
  named: readonly Requirement[],
  workloads: readonly CiliumPolicy[],
  whole: boolean,
): readonly CiliumPolicy[] {
  const selected = workloads.filter((workload) => standIns(workload).some((pod) => matches(named, pod)));
  const described = podsSatisfying(named);
  return selected.length > 0 || !whole
    ? selected
    : workloads.filter((workload) => described.some((pod) => matches(subjectOf(workload), pod)));
}

const podsOf = (requirements: readonly Requirement[]): Endpoint[] =>
  universe.filter((endpoint) => matches(requirements, podIdentity({ ...endpoint, cluster })));

/** Whether a pod has no label but those that somebody asks for. */
const isPlain = ({ labels }: Endpoint, requirements: readonly Requirement[]): boolean =>
  Object.keys(labels).every((label) => requirements.some(({ key }) => key === label));

type Opening = {
  readonly place: string;
  readonly direction: "ingress" | "egress";
  readonly selector: LabelSelector;
  /** Each of them has to be open, on one of its ports. */
  readonly groups: readonly (readonly { readonly protocol: FlowProtocol; readonly port: number }[])[];
};

/** What the rules of a policy open for workloads that they name. */
function openings({ spec }: CiliumPolicy): Opening[] {
  const of = (
    direction: Opening["direction"],
    index: number,
    peers: readonly LabelSelector[] | null | undefined,
    ports: PortRule[] | null | undefined,
  ): Opening[] =>
    (peers ?? [])
      .filter(({ matchLabels = {}, matchExpressions = [] }) =>
        [...Object.keys(matchLabels ?? {}), ...(matchExpressions ?? []).filter(isPositive).map(({ key }) => key)].some(
          (key) => ["app", "tier"].includes(key),
        ),
      )
      .map((selector) => {
        const place = `${direction}[${index}]`;
        const asked = ports?.[0]?.ports?.[0];
        return asked === undefined
          ? {
              place,
              direction,
              selector,
              groups: [transports.flatMap((protocol) => samples.map((port) => ({ protocol, port })))],
            }
          : { place: `${place}.toPorts[0]`, direction, selector, groups: groupsOf(asked) };
      });
  return [
    ...(spec?.ingress ?? []).flatMap((item, i) => of("ingress", i, item.fromEndpoints, item.toPorts)),
    ...(spec?.egress ?? []).flatMap((item, i) => of("egress", i, item.toEndpoints, item.toPorts)),
  ];
}

const isPositive = ({ operator }: { readonly operator: string }): boolean => ["In", "Exists"].includes(operator);

function groupsOf({ port, endPort, protocol }: PortProtocol): Opening["groups"] {
  const protocols = protocol === "TCP" || protocol === "UDP" ? [protocol] : transports;
  return samples
    .filter((one) => Number(port) <= one && one <= (endPort ?? Number(port)))
    .map((port) => protocols.map((protocol) => ({ protocol, port })));
}

const transports = ["TCP", "UDP"] as const;
