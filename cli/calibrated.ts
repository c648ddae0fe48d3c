/** The answer of a calibration, as text and as data. */
import type { Calibration, Disagreement } from "../cilium/hubble/calibrate.ts";
import { causeText } from "../cilium/hubble/cause.ts";
import type { FlowRecord } from "../cilium/hubble/record.ts";
import type { Report } from "./output/sections.ts";
import { counted, exceptions, percent, recordData, spanText, timeCells, tooLittle, understood } from "./recorded.ts";
import type { ReadFlows } from "./sources/flows.ts";

/** How many of the compared connections agree, in percent. */
export const agreement = ({ compared, agreeing }: Calibration): number => (100 * agreeing) / compared;

/** How many percent of a record have to be readable for an answer; what it says of each connection is another matter. */
const leastReadable = 99;
const readable = (record: FlowRecord): number => understood(record, new Map());
export const isReadable = (record: FlowRecord): boolean => readable(record) >= leastReadable;

export function reportOf(
  { record, problems }: ReadFlows,
  title: string,
  calibration: Calibration,
): Pick<Report, "summary" | "sections" | "conclusion"> {
  const { disagreements, notCompared, deciders } = calibration;
  const unsure = tooLittle(readable(record), leastReadable, "understood");
  const conclusion = `${title}: ${[conclusionOf(calibration), ...unsure].join(", ")}`;
  return {
    summary: [
      conclusion,
      `${counted(record.flows, "flow")}${spanText(record)}: ${counted(record.connections.length, "different connection")}; what decided was recorded at ${counted(deciders, "end")}`,
      ...exceptions(record, problems),
    ],
    sections: [
      {
        title: "Causes",
        table: {
          columns: ["cause", "connections"],
          rows: causes(disagreements).map(([cause, connections]) => [cause, `${connections}`]),
        },
      },
      {
        title: "Disagreements",
        table: {
          columns: ["from", "to", "port", "end", "recorded", "here", "cause", "connections", "first", "last"],
          rows: disagreements.map(({ causes, connections, recorded, here, ...one }) => [
            ...[one.source, one.destination, one.port, one.direction, recorded, here, causesText(causes)],
            `${connections}`,
            ...timeCells(one),
          ]),
        },
      },
      {
        title: "Not compared",
        table: {
          columns: ["reason", "connections"],
          rows: [...notCompared].map(([reason, connections]) => [reason, `${connections}`]),
        },
      },
    ],
    conclusion,
  };
}

function conclusionOf(calibration: Calibration): string {
  const { compared, agreeing, notCompared } = calibration;
  const others = [...notCompared.values()].reduce((sum, count) => sum + count, 0);
  const aside = others > 0 ? `, ${others} not compared` : "";
  if (compared === 0) return `no connection of the record can be compared${aside}`;
  const share = percent(agreement(calibration));
  return `${agreeing} of ${counted(compared, "compared connection")} agree with what Hubble recorded (${share})${aside}`;
}

const causesText = (causes: Disagreement["causes"]): string => causes.map(causeText).join("; or ");

/** The causes, those of the most connections first. */
function causes(disagreements: readonly Disagreement[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { causes, connections } of disagreements) {
    const text = causesText(causes);
    counts.set(text, (counts.get(text) ?? 0) + connections);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

/** @param cluster the cluster that the policies were judged for */
export function dataOf(read: ReadFlows, cluster: string, calibration: Calibration): object {
  return {
    cluster,
    record: recordData(read.record),
    problems: read.problems,
    ...calibration,
    agreementPercent: calibration.compared === 0 ? null : agreement(calibration),
    notCompared: Object.fromEntries(calibration.notCompared),
  };
}
