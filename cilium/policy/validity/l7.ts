/** L7 rules: `L7Rules.sanitize`, `PortRuleHTTP.Sanitize`, and what they demand of the ports beside them. */
import { expressionError } from "../expression.ts";
import { at, each } from "../place.ts";
import { isPortName, portNumber } from "../port.ts";
import type { HttpRule, PortRule } from "../schema.ts";
import type { Agent } from "./agent.ts";
import { type Fault, fault } from "./fault.ts";

/** Where a port rule stands; `host` says that the policy selects nodes. */
export type PortContext = { readonly direction: "ingress" | "egress"; readonly host: boolean; readonly agent: Agent };

export function l7Faults(rule: PortRule, place: string, context: PortContext): Fault[] {
  const http = rule.rules?.http ?? [];
  const dns = rule.rules?.dns ?? [];
  if (http.length + dns.length === 0) return [];
  const here = at(place, "rules");
  return [
    ...proxyFaults(rule, here, context),
    ...placementFaults(dns.length > 0 ? "DNS" : "HTTP", here, context),
    ...neighbourFaults(rule, place),
    ...(dns.length > 0 ? dnsPortFaults(rule, place) : httpPortFaults(rule, place)),
    ...each(http, here, "http", httpFaults),
  ];
}

const proxyFaults = ({ rules }: PortRule, place: string, { agent }: PortContext): Fault[] =>
  agent.l7Proxy
    ? []
    : [
        fault(
          place,
          rules,
          "L7 policy is not supported since L7 proxy is not enabled",
          "set enable-l7-proxy in cilium-config, or leave rules out",
        ),
      ];

function placementFaults(protocol: "DNS" | "HTTP", place: string, { direction, host }: PortContext): Fault[] {
  if (direction === "ingress" && host) {
    return [
      fault(place, protocol, "L7 policy is not supported on host ingress yet", "leave rules out, the ports remain"),
    ];
  }
  if (direction === "ingress" && protocol === "DNS") {
    return [
      fault(
        place,
        protocol,
        "L7 protocol DNS is not supported on ingress yet",
        "write the DNS rule in the egress of those who ask",
      ),
    ];
  }
  if (host && protocol === "HTTP") {
    return [
      fault(
        place,
        protocol,
        "L7 protocol HTTP is not supported on host egress yet",
        "leave rules out, the ports remain",
      ),
    ];
  }
  return [];
}

function neighbourFaults(rule: PortRule, place: string): Fault[] {
  const faults: Fault[] = [];
  if ((rule.serverNames ?? []).length > 0 && !rule.terminatingTLS) {
    faults.push(
      fault(
        at(place, "serverNames"),
        rule.serverNames,
        "ServerNames are not allowed with L7 rules without TLS termination",
        "leave one of serverNames and rules out, or terminate TLS with terminatingTLS",
      ),
    );
  }
  if (rule.listener) {
    faults.push(
      fault(
        at(place, "listener"),
        rule.listener.name,
        `Listener is not allowed with L7 rules (${rule.listener.name})`,
        "leave one of listener and rules out",
      ),
    );
  }
  return faults;
}

const httpPortFaults = (rule: PortRule, place: string): Fault[] =>
  each(rule.ports, place, "ports", ({ port, protocol }, place) => [
    ...zeroPortFaults(port, place),
    ...(protocol === "TCP"
      ? []
      : [
          fault(
            at(place, "protocol"),
            protocol ?? undefined,
            `L7 rules can only apply to TCP (not ${protocol ?? "ANY"}) except for DNS rules`,
            "write protocol: TCP",
          ),
        ]),
  ]);

function dnsPortFaults({ ports }: PortRule, place: string): Fault[] {
  if ((ports ?? []).length === 0) {
    return [fault(at(place, "ports"), ports, "port 53 must be specified for DNS rules", 'write ports: [{port: "53"}]')];
  }
  return each(ports, place, "ports", ({ port, endPort }, place) => {
    const number = port == null || isPortName(port) ? undefined : portNumber(port);
    return [
      ...zeroPortFaults(port, place),
      ...(number !== undefined && (endPort ?? 0) > number
        ? [fault(at(place, "endPort"), endPort, "DNS rules do not support port ranges", "leave endPort out")]
        : []),
    ];
  });
}

const zeroPortFaults = (port: string | null | undefined, place: string): Fault[] =>
  port != null && !isPortName(port) && portNumber(port) === 0
    ? [fault(at(place, "port"), port, "L7 rules can not be used when a port is 0", "name the port")]
    : [];

const httpFaults = (rule: HttpRule, place: string): Fault[] => [
  ...expressionFaults(rule.path, at(place, "path")),
  ...expressionFaults(rule.method, at(place, "method")),
  ...each(rule.headerMatches, place, "headerMatches", ({ secret }, place) =>
    secret?.name === ""
      ? [fault(at(place, "secret.name"), secret.name, "Secret name missing", "name the secret, or leave it out")]
      : [],
  ),
];

function expressionFaults(expression: string | null | undefined, place: string): Fault[] {
  const error = expression ? expressionError(expression) : undefined;
  return error === undefined
    ? []
    : [fault(place, expression, error, "write a regular expression in the syntax of RE2")];
}
