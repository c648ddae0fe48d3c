/** The answer of a replay, as text and as data. */
import type { UnseenFlow } from "../cilium/hubble/declared.ts";
import type { Group } from "../cilium/hubble/groups.ts";
import type { FlowRecord } from "../cilium/hubble/record.ts";
import type { LookedUp, Replay, RequestGroup } from "../cilium/hubble/replay.ts";
import type { Suggestions } from "../cilium/hubble/suggest.ts";
import { peerName } from "../cilium/model/peers.ts";
import { portText } from "../cilium/model/ports.ts";
import { linesOf } from "../cilium/write/addition.ts";
import type { Report, Section } from "./output/sections.ts";
import {
  counted,
  incompleteness,
  recordData,
  skippedText,
  spanText,
  timeCells,
  togetherText,
  tooLittle,
  total,
  understood,
} from "./recorded.ts";
import type { ReadFlows } from "./sources/flows.ts";

export interface Answer {
  readonly replay: Replay;
  readonly suggestions: Suggestions | undefined;
}

/** What would be lost of what was let through, a phrase for each kind. */
export function losses({ dropped, refused, refusedRequests }: Replay): string[] {
  const drops = dropped.reduce((sum, { passed }) => sum + passed, 0);
  const requests = total(refusedRequests.map(({ count }) => count));
  const lookups = total(refused.map(({ count }) => count));
  return [
    ...(drops > 0 ? [`${drops} of the flows that were let through would be dropped`] : []),
    ...(requests > 0 ? [`${counted(requests, "request")} would be refused`] : []),
    ...(lookups > 0 ? [`${counted(lookups, "lookup")} would be refused`] : []),
  ];
}

/** What was found, a line each, without what changes with every flow. */
export function findings({ dropped, newlyAllowed, refusedRequests, refused }: Replay): string[] {
  const ends = ({ source, destination, port }: Pick<Group, "source" | "destination" | "port">): string =>
    `${source} → ${destination} ${port}`;
  return [
    ...dropped.map((group) => `would be dropped: ${ends(group)} (${group.refusals.join("; ")})`),
    ...refusedRequests.map((group) => `would be refused: ${group.method} ${group.path}, ${ends(group)}`),
    ...refused.map(({ workload, name }) => `would be refused: the lookup of ${name} by ${workload}`),
    ...newlyAllowed.map((group) => `would newly pass: ${ends(group)}`),
  ];
}

type Wanted = { readonly complete: boolean; readonly atLeast: number };

/** @param wanted whether what the record did not use is listed, and how much of it has to be understood */
export function reportOf(
  read: ReadFlows,
  title: string,
  answer: Answer,
  wanted: Wanted,
): Pick<Report, "summary" | "sections" | "conclusion"> {
  const { record, problems } = read;
  const { replay } = answer;
  const conclusion = `${title}: ${conclusionOf(record, replay, wanted)}`;
  const summary = [
    conclusion,
    `${counted(record.flows, "flow")}${spanText(record)}: ${countsText(record, replay)}`,
    ...skippedText(record),
    ...togetherText(record),
    ...incompleteness(record, problems),
    ...replay.otherClusters.map(
      (name) => `pods of the record are in the cluster ${name}: these policies are not enforced there`,
    ),
    ...(wanted.complete ? [] : unusedText(replay)),
  ];
  return { summary, sections: [...sectionsOf(answer), ...(wanted.complete ? unusedSections(replay) : [])], conclusion };
}

function conclusionOf(record: FlowRecord, replay: Replay, { atLeast }: Wanted): string {
  if (record.connections.length + record.lookups.length === 0) {
    return "nothing is judged: none of the flows is a connection that can be; the counts say why";
  }
  if (!replay.isConcerned) {
    return "nothing is judged: the policies select no pod of the record; compare namespaces, labels and the cluster's name";
  }
  const unsure = tooLittle(understood(record, replay.notJudged), atLeast, "judged");
  const lost = losses(replay).join(", ") || "nothing that was let through would be dropped";
  const gained = total([...replay.newlyAllowed.map(({ dropped }) => dropped)]);
  return [
    lost,
    ...(gained > 0
      ? [`${counted(gained, "flow")} that ${gained === 1 ? "was" : "were"} dropped would newly pass`]
      : []),
    ...unsure,
  ].join(", ");
}

function countsText({ leftOut, connections, duplicates }: FlowRecord, { allowedBy, notJudged }: Replay): string {
  const reasons = [...leftOut].map(([reason, count]) => `${count} ${reason}`).join(", ");
  return [
    `${allowedBy.rule} allowed by a rule`,
    `${allowedBy.noPolicy} under no policy`,
    ...(allowedBy.notCompared > 0 ? [`${allowedBy.notCompared} to a proxy whose list was not compared`] : []),
    `${total(notJudged.values())} not judged`,
    `${total(leftOut.values())} left out${reasons === "" ? "" : ` (${reasons})`}`,
    ...(duplicates > 0 ? [`${counted(duplicates, "duplicate")} counted once`] : []),
    counted(connections.length, "different connection"),
  ].join(", ");
}

function unusedText({ unseen, unusedRules, unusedNames }: Replay): string[] {
  const parts = [
    ...(unseen.length > 0 ? [counted(unseen.length, "declared flow")] : []),
    ...(unusedRules.length > 0 ? [counted(unusedRules.length, "rule")] : []),
    ...(unusedNames.length > 0 ? [`names of ${counted(unusedNames.length, "list")}`] : []),
  ];
  return parts.length === 0 ? [] : [`not used in this record: ${parts.join(", ")} (--all lists them)`];
}

function sectionsOf({ replay, suggestions }: Answer): Section[] {
  return [
    { title: "Would be dropped", table: groupTable(replay.dropped, true) },
    { title: "Requests that the HTTP proxy would refuse", table: requestTable(replay.refusedRequests) },
    { title: "Lookups that the DNS proxy would refuse", table: lookupTable(replay.refused) },
    ...(suggestions === undefined ? [] : suggestionSections(suggestions)),
    { title: "Would newly pass", table: groupTable(replay.newlyAllowed, false) },
    { title: "Requests that would newly pass", table: requestTable(replay.newlyAllowedRequests) },
    { title: "Lookups that would newly pass", table: lookupTable(replay.newlyResolved) },
    { title: "Dropped when recorded, and by these policies too", table: groupTable(replay.stillDropped, true) },
    { title: "Allowed, but stated by no flow", table: groupTable(replay.undeclared, false) },
    { title: "Names looked up that no list of names covers", table: lookupTable(replay.unlisted) },
    {
      title: "Not judged",
      table: {
        columns: ["reason", "flows"],
        rows: [...replay.notJudged].map(([reason, count]) => [reason, `${count}`]),
      },
    },
  ];
}

function unusedSections({ unseen, unusedRules, unusedNames }: Replay): Section[] {
  return [
    {
      title: "Declared, never seen",
      table: unseenTable(unseen),
    },
    { title: "Rules that nothing used", table: { columns: ["rule"], rows: unusedRules.map((rule) => [rule]) } },
    {
      title: "Names in lists that nothing used",
      table: {
        columns: ["policy", "names", "pods"],
        rows: unusedNames.map(({ policy, names, podsSeen }) => [policy, names.join(", "), podsCell(podsSeen)]),
      },
    },
  ];
}

export const groupTable = (groups: readonly Group[], refused: boolean) => ({
  columns: ["from", "to", "port", ...(refused ? ["refused"] : []), "flows", "first", "last", "example"],
  rows: groups.map(({ source, destination, port, refusals, passed, dropped, example, ...times }) => [
    source,
    destination,
    port,
    ...(refused ? [refusals.join("; ")] : []),
    `${passed + dropped}${passed > 0 && dropped > 0 ? ` (${dropped} dropped)` : ""}`,
    ...timeCells(times),
    `${example.source} → ${example.destination}`,
  ]),
});

export const requestTable = (requests: readonly RequestGroup[]) => ({
  columns: ["from", "to", "port", "method", "path", "requests", "first", "last"],
  rows: requests.map(({ source, destination, port, method, path, count, ...times }) => [
    ...[source, destination, port, method, path, `${count}`],
    ...timeCells(times),
  ]),
});

export const lookupTable = (lookups: readonly LookedUp[]) => ({
  columns: ["workload", "name", "lookups", "first", "last"],
  rows: lookups.map(({ workload, name, count, ...times }) => [workload, name, `${count}`, ...timeCells(times)]),
});

export const unseenTable = (unseen: readonly UnseenFlow[]) => ({
  columns: ["from", "to", "ports", "pods"],
  rows: unseen.map(unseenCells),
});

const unseenCells = ({ flow, ports, sourceSeen }: UnseenFlow): string[] => [
  peerName(flow.from),
  peerName(flow.to),
  ports.map(portText).join(", "),
  podsCell(sourceSeen),
];

const podsCell = (seen: boolean): string => (seen ? "" : "none in the record");

function suggestionSections({ additions, without }: Suggestions): Section[] {
  return [
    {
      title: "Lines to add",
      table: {
        columns: ["file", "line"],
        rows: additions.flatMap((addition) => linesOf(addition).map((line) => [addition.file, line])),
      },
    },
    {
      title: "No line to suggest",
      table: {
        columns: ["from", "to", "port", "reason"],
        rows: without.map(({ group, reason }) => [group.source, group.destination, group.port, reason]),
      },
    },
  ];
}

/** @param cluster the cluster that the policies were judged for */
export function dataOf({ record, problems }: ReadFlows, cluster: string, { replay, suggestions }: Answer): object {
  return {
    cluster,
    record: recordData(record),
    problems,
    judgedPercent: understood(record, replay.notJudged),
    ...replay,
    dropped: replay.dropped.map(groupData),
    newlyAllowed: replay.newlyAllowed.map(groupData),
    stillDropped: replay.stillDropped.map(groupData),
    undeclared: replay.undeclared.map(groupData),
    unseen: replay.unseen.map(unseenData),
    notJudged: Object.fromEntries(replay.notJudged),
    ...(suggestions !== undefined && {
      suggestions: suggestions.additions,
      unsuggested: suggestions.without.map(({ group, reason }) => ({ ...groupData(group), reason })),
    }),
  };
}

export const groupData = ({ connections, byDenyRule, ...group }: Group) => group;

export const unseenData = ({ flow, ports, sourceSeen }: UnseenFlow) => ({
  from: peerName(flow.from),
  to: peerName(flow.to),
  ports: ports.map(portText),
  sourceSeen,
});
