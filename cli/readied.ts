/** The answer about readiness, as text and as data. */
import type { NamespaceReadiness, Readiness } from "../cilium/hubble/readiness.ts";
import type { Run } from "../cilium/hubble/runs.ts";
import type { Report, Section } from "./output/sections.ts";
import { counted, exceptions, recordData, spanText, timeCells, tooLittle, understood } from "./recorded.ts";
import { groupData, groupTable, lookupTable, requestTable, unseenData, unseenTable } from "./replayed.ts";
import type { ReadFlows } from "./sources/flows.ts";

type Shown = {
  /** How many percent of the record have to be understood. */
  readonly atLeast: number;
  /** Whether what speaks against nothing is listed. */
  readonly complete: boolean;
  /** Whether any CronJob or Job is known. */
  readonly isKnown: boolean;
};

export function reportOf(
  { record, problems }: ReadFlows,
  title: string,
  readiness: Readiness,
  { complete, isKnown, atLeast }: Shown,
): Pick<Report, "summary" | "sections" | "conclusion"> {
  const { namespaces } = readiness;
  const ready = namespaces.filter(({ reasons }) => reasons.length === 0);
  const found = `${ready.length} of ${counted(namespaces.length, "namespace")} ready to be enforced`;
  const conclusion = `${title}: ${[found, ...tooLittle(understood(record), atLeast, "understood")].join(", ")}`;
  const days = record.days.get("")?.size ?? 0;
  return {
    summary: [
      conclusion,
      `${counted(record.flows, "flow")}${spanText(record)}, of ${counted(days, "day")}`,
      ...exceptions(record, problems),
      ...(isKnown ? [] : ["no CronJob and no Job is known: whether all have run is not judged (--inventory)"]),
    ],
    sections: [
      {
        title: "Namespaces",
        table: {
          columns: ["namespace", "ready", "days", "first", "last", "flows", "undeclared", "never seen"],
          rows: namespaces.map((one) => [
            one.namespace,
            one.reasons.length === 0 ? "yes" : "not yet",
            `${one.days}`,
            ...timeCells(one),
            `${one.flows}`,
            `${one.undeclared.length}`,
            `${one.unseen.length}`,
          ]),
        },
      },
      {
        title: "Not yet, because",
        table: {
          columns: ["namespace", "reason"],
          rows: namespaces.flatMap(({ namespace, reasons }) => reasons.map((reason) => [namespace, reason])),
        },
      },
      ...findings(namespaces),
      ...(complete ? unused(namespaces) : []),
    ],
    conclusion,
  };
}

const unique = <T>(namespaces: readonly NamespaceReadiness[], of: (one: NamespaceReadiness) => readonly T[]): T[] => [
  ...new Set(namespaces.flatMap(of)),
];

const findings = (namespaces: readonly NamespaceReadiness[]): Section[] => [
  {
    title: "Would be dropped",
    table: groupTable(
      unique(namespaces, ({ dropped }) => dropped),
      true,
    ),
  },
  {
    title: "Requests that the HTTP proxy would refuse",
    table: requestTable(unique(namespaces, ({ refusedRequests }) => refusedRequests)),
  },
  {
    title: "Lookups that the DNS proxy would refuse",
    table: lookupTable(unique(namespaces, ({ refusedLookups }) => refusedLookups)),
  },
  {
    title: "CronJobs and Jobs",
    table: {
      columns: ["namespace", "name", "kind", "schedule", "state", "due", "last seen", "next"],
      rows: unique(namespaces, ({ runs }) => runs).map(runCells),
    },
  },
];

const unused = (namespaces: readonly NamespaceReadiness[]): Section[] => [
  {
    title: "Seen, and stated by no flow",
    table: groupTable(
      unique(namespaces, ({ undeclared }) => undeclared),
      false,
    ),
  },
  { title: "Declared, never seen", table: unseenTable(unique(namespaces, ({ unseen }) => unseen)) },
];

const runCells = ({ namespace, name, kind, schedule, state, due, last, next }: Run): string[] => [
  namespace,
  name,
  kind,
  schedule ?? "",
  state,
  kind === "CronJob" ? `${due}` : "",
  ...timeCells({ first: last, last: next ?? "" }),
];

/** @param cluster the cluster that the policies were judged for */
export const dataOf = ({ record, problems }: ReadFlows, cluster: string, { gaps, namespaces }: Readiness): object => ({
  cluster,
  record: recordData(record),
  problems,
  gaps,
  namespaces: namespaces.map(({ dropped, undeclared, unseen, ...one }) => ({
    ready: one.reasons.length === 0,
    ...one,
    dropped: dropped.map(groupData),
    undeclared: undeclared.map(groupData),
    unseen: unseen.map(unseenData),
  })),
});
