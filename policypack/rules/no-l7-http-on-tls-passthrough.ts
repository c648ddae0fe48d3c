import { z } from "zod";
import { workloads } from "../../cilium/model/cluster.ts";
import { containerPortName } from "../../cilium/model/inventory.ts";
import type { Workload } from "../../cilium/model/peers.ts";
import { namespaceOf, placedRules } from "../../cilium/policy/parts.ts";
import { at, each } from "../../cilium/policy/place.ts";
import { isPortName, portNumber } from "../../cilium/policy/port.ts";
import type { CiliumPolicy, PortProtocol, PortRule, Rule } from "../../cilium/policy/schema.ts";
import { type Finding, ruleConfig, stackRule } from "../rule.ts";
import type { Stack } from "../stack/stack.ts";
import { type DeclaredPods, declaredPods, subjectSelects, workload } from "../workloads.ts";

/** On a policy: the ports of its pods behind TLSRoutes, such as `"8443,https"`. */
const annotation = "network-policies/tls-passthrough";

const workloadWithPorts = workload.extend({
  ports: z.array(z.string()).min(1).describe("Its pods' ports, by number and by name"),
});

const configSchema = ruleConfig({
  workloads: z
    .array(workloadWithPorts)
    .default([])
    .describe("Workloads behind TLSRoutes that are not part of the stack"),
});

type Config = z.infer<typeof configSchema>;

export const noL7HttpOnTlsPassthrough = stackRule({
  name: "no-l7-http-on-tls-passthrough",
  description:
    "No HTTP rules on the ingress of a workload behind a TLSRoute. Its TLS ends in the pod; Cilium would parse what is encrypted as HTTP and break every connection.",
  url: "https://docs.cilium.io/en/stable/security/policy/layer7/#http",
  configSchema,
  declaredBy: (cluster) => ({
    workloads: workloads(cluster).flatMap((workload) => {
      const ports = passthroughPorts(workload);
      return ports.length === 0 ? [] : declaredPods(workload).map((pods) => ({ ...pods, ports }));
    }),
  }),
  enforcementLevel: "mandatory",
  validateStack: (policy, stack, config) =>
    placedRules(policy).flatMap(({ rule, place }) => {
      const behind = passthroughOf(policy, rule, stack, config);
      if (behind.length === 0) return [];
      return each(rule.ingress, place, "ingress", ({ toPorts }, place) =>
        each(toPorts, place, "toPorts", (ports, place) => httpFindings(ports, place, behind)),
      );
    }),
});

/** By number and by name. */
const passthroughPorts = ({ ports }: Workload): string[] =>
  Object.entries(ports).flatMap(([name, { number, transports, speaks }]) =>
    speaks === "tls-passthrough"
      ? transports.flatMap((protocol, at) => [`${number}`, containerPortName(name, protocol, at)])
      : [],
  );

/** Why ports are behind a TLSRoute, and which: all if undefined. */
type Behind = { readonly why: string; readonly ports: readonly string[] | undefined };

function passthroughOf(policy: CiliumPolicy, rule: Rule, stack: Stack, { workloads }: Config): Behind[] {
  const annotated = policy.metadata.annotations?.[annotation];
  const namespace = namespaceOf(policy);
  const inNamespace = (workload: DeclaredPods) => subjectSelects(policy, rule, workload);
  return [
    ...(annotated === undefined
      ? []
      : [{ why: `its annotation ${annotation}`, ports: annotated.split(",").map((port) => port.trim()) }]),
    ...workloads
      .filter(inNamespace)
      .map(({ namespace, ports }) => ({ why: `the pack's config for namespace ${namespace}`, ports })),
    ...stack.passthrough
      .in(namespace)
      .filter(({ namespace, labels }) => labels === undefined || inNamespace({ namespace, labels }))
      .map(({ route, labels, ports }) => ({
        why: `TLSRoute ${route}${labels ? "" : ", whose pods are not known (their Service is not part of the stack)"}`,
        ports,
      })),
  ];
}

function httpFindings(rule: PortRule, place: string, behind: readonly Behind[]): Finding[] {
  if ((rule.rules?.http ?? []).length === 0) return [];
  return behind
    .filter(({ ports }) => ports === undefined || ports.some((port) => includesPort(rule.ports, port)))
    .map(({ why, ports }) => ({
      place: at(place, "rules.http"),
      problem: `parses HTTP on ${ports?.join(", ") ?? "a port"}, which passes TLS through (says ${why})`,
      fix: "leave rules.http out, the port remains",
    }));
}

/** A list without ports is about all of them. */
const includesPort = (ports: readonly PortProtocol[] | null | undefined, wanted: string): boolean =>
  (ports ?? []).length === 0 || (ports ?? []).some((port) => coversPort(port, wanted));

function coversPort({ port, endPort }: PortProtocol, wanted: string): boolean {
  if (port === wanted || isPortName(port ?? "") || isPortName(wanted)) {
    return port?.toLowerCase() === wanted.toLowerCase();
  }
  const from = portNumber(port ?? "") ?? 0;
  const number = Number(wanted);
  return from === 0 || (from <= number && number <= Math.max(from, endPort ?? 0));
}
