/** The policies of the YAML beside a cluster's files, and what else is in it, which is a fault. */
import { asWritten, type Verbatim } from "../model/verbatim.ts";
import { isLoss, leftOutText } from "./left-out.ts";
import { type Objects, readObjects } from "./read.ts";
import { type Document, parseText } from "./text.ts";

/** Reads files of `cluster/verbatim/` (path as seen from the project, text), with a line for everything that is no policy. */
export function readVerbatim(files: readonly (readonly [file: string, text: string])[]): {
  readonly policies: readonly Verbatim[];
  readonly faults: readonly string[];
} {
  const texts = files.map(([file, text]) => parseText(text, file));
  const documents = texts.flatMap(({ documents }) => documents);
  const objects = readObjects({
    documents,
    leftOut: texts.flatMap(({ leftOut }) => leftOut),
    broken: texts.flatMap(({ broken }) => broken),
    files: files.map(([file]) => file),
  });
  return {
    policies: objects.policies.map(({ policy, place }) => ({
      policy: asWritten(policy),
      place: lineOf(place, objects),
    })),
    faults: faultsOf(objects, documents),
  };
}

function faultsOf(objects: Objects, documents: readonly Document[]): string[] {
  const { policies, malformed, unplaced, twice } = objects;
  const leftOut = objects.leftOut.filter(isLoss);
  const told = new Set([...policies, ...malformed, ...unplaced, ...leftOut].map(({ place }) => place));
  for (const { places } of twice) for (const place of places) told.add(place);
  const at = (place: string) => lineOf(place, objects);
  return [
    ...malformed.map(
      ({ place, name, reasons }) => `${at(place)}: ${name}: the API server refuses it: ${reasons.join("; ")}`,
    ),
    ...unplaced.map(
      ({ place, policy }) =>
        `${at(place)}: ${policy.kind} ${policy.metadata.name} has no namespace; write metadata.namespace`,
    ),
    ...twice.map(({ name, places }) => `${places.map(at).join(" and ")}: ${name} stands there differently; keep one`),
    ...leftOut.map((one) => `${leftOutText({ ...one, place: at(one.place) })}; only policies stand here`),
    ...documents
      .filter(({ place }) => !told.has(place))
      .map(({ place }) => `${at(place)}: is no policy; only policies stand here`),
  ];
}

function lineOf(place: string, { positions }: Objects): string {
  const position = positions.get(place);
  return position === undefined ? place : `${position.file}:${position.line}`;
}
