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
    .flatMap(({ source, destination, spans }) =>
      spans.flatMap((span): Expected[] => {
        const end = endOf(destination.peer);
        const key = JSON.stringify([end, span.from, span.protocol]);
        // Where every port is open, one of them tells.
        const isTold = told.has(key) || (span.from === 0 && span.protocol !== "TCP");
        if (end === undefined || !isNamed(source.peer) || isTold) return [];
        told.add(key);
        return [{ from: peerText(source.peer), ...end, ...portOf(span), expect: "allow" }];
      }),
    );
}

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

const portOf = ({ from, protocol }: AllowedSpan) => ({ port: from === 0 ? 80 : from, protocol });

/** A destination as a question can name it. */
function endOf(peer: Peer): Pick<Expected, "to" | "fqdn"> | undefined {
  if (peer.kind === "fqdn") return peer.name.includes("*") ? undefined : { fqdn: peer.name };
  return isNamed(peer) ? { to: peerText(peer) } : undefined;
}

const isNamed = ({ kind }: Peer): boolean => kind === "endpoint" || kind === "entity" || kind === "cidr";
