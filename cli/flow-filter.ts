/** Which of the flows a command prints. */
import type { Command } from "commander";
import { peerText } from "../cilium/reach/report/explain.ts";
import { destinationReader, endReader, readPort, requireNamespace } from "./ends.ts";
import type { ListedFlow } from "./flows.ts";
import type { Source } from "./sources/source.ts";

export interface NamespaceChoice {
  readonly fromNamespace?: string;
  readonly toNamespace?: string;
}

export interface FlowChoice extends NamespaceChoice {
  readonly pods?: true;
  readonly source?: string;
  readonly to?: string;
  readonly port?: string;
}

/** Adds the options that choose flows. */
export const withFlowChoice = (command: Command): Command =>
  command
    .option("--from-namespace <name>", "only flows of workloads of a namespace")
    .option("--to-namespace <name>", "only flows to workloads of a namespace")
    .option("--source <end>", "only flows of one end")
    .option("--to <end>", "only flows to one end")
    .option("--port <port>", "only flows on a port: 5432 or 53/UDP");

/** Adds the option that tells pods apart. */
export const withPods = (command: Command): Command =>
  command.option("--pods", "every pod by itself instead of workloads with their number of pods");

/**
 * Whether a flow is one of those that are asked for.
 * @throws Failure for an end or a namespace that there is not, and for what is no port
 */
export function chosen(
  choice: FlowChoice,
  source: Pick<Source, "inventory" | "replicas">,
): (flow: ListedFlow) => boolean {
  const read = endReader(source);
  requireNamespaces(choice, source);
  const from = choice.source === undefined ? undefined : peerText(read(choice.source));
  const to = choice.to === undefined ? undefined : peerText(destinationReader(read, source)(choice.to));
  const onPort = choice.port === undefined ? undefined : portTest(choice.port);
  return (flow) =>
    (from === undefined || flow.from === from) &&
    (to === undefined || flow.to === to) &&
    (choice.fromNamespace === undefined || flow.from.startsWith(`${choice.fromNamespace}/`)) &&
    (choice.toNamespace === undefined || flow.to.startsWith(`${choice.toNamespace}/`)) &&
    (onPort === undefined || flow.spans.some(onPort));
}

/** @throws Failure for a namespace that there is not */
export function requireNamespaces(choice: NamespaceChoice, { inventory }: Pick<Source, "inventory">): void {
  for (const name of [choice.fromNamespace, choice.toNamespace])
    if (name !== undefined) requireNamespace(name, inventory.endpoints);
}

function portTest(text: string): (span: ListedFlow["spans"][number]) => boolean {
  const { port, protocol } = readPort(text);
  return (span) => span.protocol === protocol && span.from <= port && port <= span.to;
}
