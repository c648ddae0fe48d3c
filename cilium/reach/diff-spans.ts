/** Which ports must be asked about so that the answers hold for all ports: those where some rule's ports begin or end. */
import type { PortSpan } from "./difference.ts";
import { flowProtocols, type Question } from "./inventory.ts";
import type { Network, NetworkRule } from "./network.ts";
import type { Party } from "./party.ts";
import { type PortMatch, protocolBit } from "./ports.ts";
import { resolve } from "./resolve.ts";
import { ruleSelects } from "./verdict.ts";

/** A span of ports to ask about once, and the spans, of other protocols too, for which the answer holds. */
export type AskedSpan = { readonly asked: PortSpan; readonly means: readonly PortSpan[] };

type Ends = Pick<Question, "source" | "destination">;

/** Spans that cover all ports of all protocols, such that no network's rules tell two ports of one span apart. */
export function portSpans(networks: readonly Network[], ends: Ends): AskedSpan[] {
  const matched = networks.flatMap((network) => matchedPorts(network, ends));
  const whole: PortSpan[] = [];
  const parts: AskedSpan[] = [];
  for (const protocol of flowProtocols) {
    const own = matched.filter(({ protocols }) => (protocols & protocolBit[protocol]) !== 0);
    if (own.length === 0) {
      whole.push({ protocol, ...everyPort });
      continue;
    }
    const starts = new Set([0, ...own.flatMap(({ from, to }) => [from, to + 1])]);
    const cuts = [...starts].filter((port) => port <= everyPort.to).sort((a, b) => a - b);
    parts.push(
      ...cuts.map((from, i) => {
        const span = { protocol, from, to: (cuts[i + 1] ?? everyPort.to + 1) - 1 };
        return { asked: span, means: [span] };
      }),
    );
  }
  // Protocols that no rule is about are all treated alike.
  return [...whole.slice(0, 1).map((asked) => ({ asked, means: whole })), ...parts];
}

const everyPort = { from: 0, to: 65535 };

type MatchedPorts = { readonly protocols: number; readonly from: number; readonly to: number };

/** The ports of all rules that may apply between two ends. */
function matchedPorts(network: Network, ends: Ends): MatchedPorts[] {
  return resolve(network, { ...ends, protocol: "TCP", port: 0 }).flatMap(({ source, destination }) => {
    const rules = [
      ...(network.enforced[source.position]?.egress.rules ?? []).filter((rule) => selects(rule, destination)),
      ...(network.enforced[destination.position]?.ingress.rules ?? []).filter((rule) => selects(rule, source)),
    ];
    return rules.flatMap(({ ports }) => ports.flatMap((match) => numbers(match, destination)));
  });
}

const selects = (rule: NetworkRule, party: Party): boolean => ruleSelects(rule, party) !== "no";

/** The numbers of a rule's ports at the server, which knows what its ports' names stand for. */
function numbers({ protocols, ports }: PortMatch, server: Party): MatchedPorts[] {
  if ("from" in ports) return [{ protocols, from: ports.from, to: ports.to }];
  const named = server.ports.get(ports.name);
  return named === undefined || (protocols & named.protocol) === 0
    ? []
    : [{ protocols: named.protocol, from: named.port, to: named.port }];
}
