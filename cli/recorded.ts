/** What answers say of the record that they are about. */
import { mostApart } from "../cilium/hubble/outside.ts";
import type { FlowRecord } from "../cilium/hubble/record.ts";
import { mostRequests } from "../cilium/hubble/requests.ts";
import type { Times } from "../cilium/hubble/times.ts";

/**
 * How much of a record was understood, in percent.
 * @param notJudged by reason; whoever judges knows of more than the record itself
 */
export function understood({ flows, unread, ...record }: FlowRecord, notJudged = record.notJudged): number {
  const lost = total(notJudged.values()) + total(unread.values());
  return (100 * (flows + total(unread.values()) - lost)) / (flows + total(unread.values()));
}

export const total = (counts: Iterable<number>): number => [...counts].reduce((sum, count) => sum + count, 0);

/** Rounded down, so that nothing less than all is 100 %. */
export const percent = (share: number): string => `${Math.floor(share * 100) / 100} %`;

/** What was not read, by reason. */
export function skippedText({ unread, otherLines }: FlowRecord): string[] {
  const reasons = [...unread].map(([reason, count]) => `${count} ${reason}`);
  const others = otherLines > 0 ? [`${otherLines} lines about something else than flows`] : [];
  return reasons.length + others.length === 0 ? [] : [`skipped: ${[...reasons, ...others].join(", ")}`];
}

/** Flows that the record says too little about, by reason. */
function notJudgedText({ notJudged }: FlowRecord): string[] {
  const reasons = [...notJudged].map(([reason, count]) => `${count} since ${reason}`);
  return reasons.length === 0
    ? []
    : [`not judged: ${counted(total(notJudged.values()), "flow")} (${reasons.join(", ")})`];
}

/** That too little of a record was understood for an answer, or judged. */
export const tooLittle = (share: number, atLeast: number, what: "understood" | "judged"): string[] =>
  share < atLeast ? [`only ${percent(share)} of the record was ${what}`] : [];

/** What of a record an answer does not rest on, a sentence each. */
export const exceptions = (record: FlowRecord, problems: readonly string[]): string[] => [
  ...skippedText(record),
  ...notJudgedText(record),
  ...togetherText(record),
  ...incompleteness(record, problems),
];

/** Whether addresses outside or requests stand for others too. */
export function togetherText({ connections, requests }: FlowRecord): string[] {
  const isTogether = connections.some(({ source, destination }) =>
    [source, destination].some((end) => end.kind === "outside" && end.standsForMore),
  );
  const isOne = "further ones are one where policies do not tell them apart";
  return [
    ...(isTogether ? [`more than ${mostApart} addresses outside: ${isOne}`] : []),
    ...(requests.some(({ standsForMore }) => standsForMore) ? [`more than ${mostRequests} requests: ${isOne}`] : []),
  ];
}

export function incompleteness({ lostEvents, missingNodes }: FlowRecord, problems: readonly string[]): string[] {
  const missing = [
    ...(lostEvents > 0 ? [`Hubble lost ${counted(lostEvents, "event")}`] : []),
    ...(missingNodes.size > 0 ? [`nothing came from ${[...missingNodes].join(", ")}`] : []),
    ...problems,
  ];
  return missing.length === 0 ? [] : [`this record is incomplete: ${missing.join("; ")}`];
}

export const counted = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;

export const spanText = (times: Times): string =>
  times.first === "" ? "" : ` from ${timeCells(times).join(" to ")} UTC`;

/** `2026-11-24 21:03:11` */
export const timeCells = ({ first, last }: Times): string[] =>
  [first, last].map((time) => time.slice(0, "2026-11-24T21:03:11".length).replace("T", " "));

/** A record's counts, without what it holds. */
export function recordData(record: FlowRecord): object {
  const { connections, lookups, requests, names, leftOut, notJudged, unread, missingNodes, days, nodes, ...counted } =
    record;
  return {
    ...counted,
    connections: connections.length,
    understoodPercent: understood(record),
    leftOut: Object.fromEntries(leftOut),
    unread: Object.fromEntries(unread),
    nodes: nodes.size,
    missingNodes: [...missingNodes],
  };
}
