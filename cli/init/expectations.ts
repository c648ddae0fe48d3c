/** Expectations made of what holds: for each port that somebody may reach, one who may; and that the world may not. */

import type { Peer } from "../../cilium/reach/compile/inventory.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import type { AllowedSpan } from "../../cilium/reach/decide/spans.ts";
import { verdict } from "../../cilium/reach/decide/verdict.ts";
import type { Side } from "../../cilium/reach/report/diff.ts";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import type { Expectation } from "../expectations.ts";
import { certain, flowsOf } from "../flows.ts";

type Expected = Pick<Expectation, "from" | "to" | "fqdn" | "port" | "protocol" | "expect">;

/** A file for `netpol test`. */
export function expectationsText(side: Side): string {
  const allowed = allowedIn(side);
  const told = [...allowed, ...fromWorld(side, allowed, "denied")];
  // Where no policy decides anything, what is open is what holds.
  const expectations = told.length > 0 ? told : fromWorld(side, allowed, "allowed");
  const byEnd = Map.groupBy(expectations, ({ to }) => to ?? "names");
  const parts = [...byEnd.values()].map((alike) => alike.map(lineOf).join(""));
  const heading = "# What held when the project was written: netpol test expectations.yaml";
  return `${heading}\n${parts.length === 0 ? "[]\n" : parts.join("\n")}`;
}

const lineOf = ({ from, to, fqdn, port, protocol, expect }: Expected): string => {
  // A connection is TCP unless it says otherwise.
  const one = { from, to, fqdn, port, protocol: protocol === "TCP" ? undefined : protocol, expect };
  const entries = Object.entries(one).filter(([, value]) => value !== undefined);
  return `- { ${entries.map(([key, value]) => `${key}: ${scalar(value)}`).join(", ")} }\n`;
};

/** A value as it stands within braces, where commas divide. */
function scalar(value: unknown): string {
  const text = yaml([value]).slice("- ".length).trimEnd();
  return /^[^"'].*[,[\]{}\n]/s.test(text) ? JSON.stringify(value) : text;
}

function allowedIn(side: Side): Expected[] {
  const told = new Set<string>();
  return flowsOf(side)
    .map(certain)
    .flatMap(({ source, destination: { peer }, spans }): Expected[] => {
      const end = endOf(peer);
      if (end === undefined || !isNamed(source.peer)) return [];
      // Where nearly every port is open one of them tells, and of all that lies outside the world.
      const wide = spans.filter(isWide);
      const [one] = isPeerOfItsOwn(peer)
        ? [wide.find(isOverHttp) ?? wide.find(({ protocol }) => protocol === "TCP")]
        : [];
      return spans.flatMap((span): Expected[] => {
        const { protocol, from } = span;
        const port = isOverHttp(span) ? 80 : from;
        const key = JSON.stringify([end, port, protocol]);
        if ((isWide(span) && span !== one) || port === 0 || told.has(key)) return [];
        told.add(key);
        return [{ from: peerText(source.peer), ...end, port, protocol, expect: "allow" }];
      });
    });
}

/** Whether it is what is left of every port. */
const isWide = ({ from, to }: AllowedSpan): boolean => from === 0 || to === 65535;

const isOverHttp = (span: AllowedSpan): boolean =>
  isWide(span) && span.protocol === "TCP" && span.from <= 80 && 80 <= span.to;

const isPeerOfItsOwn = (peer: Peer): boolean =>
  peer.kind === "endpoint" || (peer.kind === "entity" && peer.entity === "world");

/** What the world may or may not reach, of what somebody may. */
function fromWorld(
  { policies, inventory }: Side,
  allowed: readonly Expected[],
  outcome: "allowed" | "denied",
): Expected[] {
  const network = compile(policies, inventory);
  return inventory.endpoints.flatMap(({ namespace, name, hostNetwork }): Expected[] => {
    const to = `${namespace}/${name}`;
    const { port = 80, protocol = "TCP" } = allowed.find((one) => one.to === to) ?? {};
    const question = { source: world, destination: { kind: "endpoint", namespace, name }, port, protocol } as const;
    return !hostNetwork && verdict(network, question).outcome === outcome
      ? [{ from: "world", to, port, protocol, expect: outcome === "denied" ? "deny" : "allow" }]
      : [];
  });
}

const world: Peer = { kind: "entity", entity: "world" };

/** A destination as a question can name it. */
function endOf(peer: Peer): Pick<Expected, "to" | "fqdn"> | undefined {
  if (peer.kind === "fqdn") return peer.name.includes("*") ? undefined : { fqdn: peer.name };
  return isNamed(peer) ? { to: peerText(peer) } : undefined;
}

const isNamed = ({ kind }: Peer): boolean => kind === "endpoint" || kind === "entity" || kind === "cidr";
