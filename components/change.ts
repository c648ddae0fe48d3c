/** Says in a preview what a change means: which flows it opens and closes, and which pods enter or leave default deny. */
import { log, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { flowProtocols } from "../cilium/reach/compile/inventory.ts";
import { describe } from "../cilium/reach/report/diff-text.ts";
import type {
  Difference,
  End,
  FlowChange,
  IsolationChange,
  PortSpan,
  ReachChange,
} from "../cilium/reach/report/difference.ts";
import type { DefaultDenyOutput, FlowOutput } from "./outputs.ts";
import { lastOutputs } from "./state.ts";

/** The outputs of a stack that tell who can reach whom. */
export interface ReachOutputs {
  readonly flows: readonly FlowOutput[];
  readonly defaultDeny: DefaultDenyOutput;
}

/** In a preview, logs how the outputs differ from those of the stack's last deployment. A preview never fails by it. */
export async function announceChange(outputs: ReachOutputs): Promise<void> {
  if (!runtime.isDryRun()) return;
  const text = await lastOutputs().then(
    (last) => changeText(last, outputs),
    (error: unknown) => `What changes for connections is not known: ${error instanceof Error ? error.message : error}`,
  );
  if (text !== undefined) await log.info(text);
}

/** In a preview, warns that the update will not ask whose policies and fields it overwrites. */
export async function announceAdoption(): Promise<void> {
  if (!runtime.isDryRun()) return;
  await log.warn(
    "adoptExisting is on: policies that exist already are taken over, and what others edited in them is overwritten; " +
      "`pulumi config rm adoptExisting` once they are",
  );
}

/** What is different, a line for each thing that is; undefined when nothing is. */
export function changeText(last: unknown, outputs: ReachOutputs): string | undefined {
  const after = reachSchema.parse(outputs);
  const before = reachSchema.safeParse(last);
  const { summary, sentences } = describe(differenceOf(before.data ?? nothing, after));
  if (!before.success) return `First deployment: ${summary}`;
  return sentences.length === 0
    ? undefined
    : [`What changes for connections: ${summary}`, ...sentences.map(({ text }) => `  ${text}`)].join("\n");
}

/** `8080/TCP` */
const portSchema = z
  .string()
  .regex(/^\d+\/(TCP|UDP|SCTP)$/)
  .transform((text): PortSpan[] => {
    const [number, transport] = text.split("/");
    return flowProtocols
      .filter((protocol) => protocol === transport)
      .map((protocol) => ({ protocol, from: Number(number), to: Number(number) }));
  });

const reachSchema = z.object({
  flows: z.array(
    z.object({ from: z.string(), to: z.string(), ports: z.array(portSchema), l7: z.literal("http").optional() }),
  ),
  defaultDeny: z.object({ ingress: z.array(z.string()), egress: z.array(z.string()) }),
});

type Reach = z.infer<typeof reachSchema>;

const nothing: Reach = { flows: [], defaultDeny: { ingress: [], egress: [] } };

function differenceOf(before: Reach, after: Reach): Difference {
  const [earlier, later] = [connections(before), connections(after)];
  const kept = [...later].flatMap(([key, { conditions, ...flow }]) => {
    const previous = earlier.get(key)?.conditions ?? conditions;
    return previous.join() === conditions.join() ? [] : [{ ...flow, before: previous, after: conditions }];
  });
  return {
    added: [],
    removed: [],
    opened: together([...later].flatMap(([key, connection]) => (earlier.has(key) ? [] : connection))),
    closed: together([...earlier].flatMap(([key, connection]) => (later.has(key) ? [] : connection))),
    changed: together(kept),
    undecided: [],
    isolated: isolationChanges(before, after),
    exposed: isolationChanges(after, before),
  };
}

/** Every pair of ends on every port. A flow to several DNS names is one to each. */
function connections({ flows }: Reach): Map<string, ReachChange> {
  const all = flows.flatMap(({ from, to, ports, l7 }) =>
    to.split(", ").flatMap((name) =>
      ports.flat().map((port) => ({
        from: named(from),
        to: named(name),
        ports: [port],
        conditions: l7 === undefined ? [] : ["L7 HTTP"],
      })),
    ),
  );
  return new Map(
    all.map((connection) => [JSON.stringify([connection.from, connection.to, connection.ports]), connection]),
  );
}

const named = (name: string): End => ({ kind: "named", name });

/** Flows that differ in nothing but their ports as one. */
function together<F extends FlowChange>(flows: readonly F[]): F[] {
  const groups = Map.groupBy(flows, (flow) => JSON.stringify({ ...flow, ports: [] }));
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map((flow) => ({ ...flow, ports: group.flatMap(({ ports }) => ports) })),
  );
}

/** The pods that the later outputs have in default deny and the earlier ones do not. */
const isolationChanges = (earlier: Reach, later: Reach): IsolationChange[] =>
  (["ingress", "egress"] as const).flatMap((direction) =>
    later.defaultDeny[direction]
      .filter((endpoint) => !earlier.defaultDeny[direction].includes(endpoint))
      .map((endpoint) => ({ endpoint, direction })),
  );
