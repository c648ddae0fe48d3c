/** The JSON values in the lines of a record: one a line, an array of them, or each over several lines. */
import { criPiece, loggedPiece, type Piece, parseLine, unwrapped } from "./envelope.ts";

export type ValueReader = {
  /** Takes one line, without its end. An empty line is none. */
  readonly add: (line: string) => void;
  /** Ends the input; gives whether it ends within a value. */
  readonly end: () => boolean;
};

/** @param take is given each value; a text is a line that is no JSON */
export function valueReader(take: (value: unknown) => void): ValueReader {
  /** The pieces of lines that go on, by stream. */
  const cut = new Map<string, string>();
  let open: { readonly end: string; readonly lines: string[] } | undefined;
  /** Whether an array that stands on several lines goes on. */
  let isInArray = false;

  const takeAll = (value: unknown): void => {
    for (const one of unwrapped(value)) take(one);
  };
  const takeText = (text: string): void => {
    if (text.trim() !== "") takeAll(parseLine(text) ?? text);
  };
  const takePiece = ({ stream, text, ends }: Piece): void => {
    const before = cut.get(stream) ?? "";
    if (ends === undefined && isWhole(text)) {
      cut.delete(stream);
      takeText(before);
      takeText(text);
    } else if (ends || (ends === undefined && isWhole(before + text))) {
      cut.delete(stream);
      takeText(before + text);
    } else {
      cut.set(stream, before + text);
    }
  };
  const takeLine = (line: string): void => {
    const value = parseLine(line) ?? takeItem(line.trim());
    const piece = criPiece(line) ?? loggedPiece(value);
    if (piece === undefined) takeAll(value ?? line);
    else takePiece(piece);
  };
  const takeItem = (text: string): unknown => {
    const value = itemOf(text);
    if (value !== undefined) isInArray = !text.endsWith("]") && (isInArray || text.startsWith("["));
    return value;
  };
  return {
    add: (line) => {
      if (open !== undefined) {
        open.lines.push(line);
        if (line.trimEnd() !== open.end && line.trimEnd() !== `${open.end},`) return;
        open.lines.splice(-1, 1, open.end);
        const text = open.lines.join("\n");
        open = undefined;
        takeAll(parseLine(text) ?? text);
        return;
      }
      const text = line.trim();
      if (text === "[" || text === "[{") isInArray = true;
      if (text === "]") isInArray = false;
      if (text === "" || text === "[" || text === "]" || text === ",") return;
      // Those who write a value over several lines indent what is within, so it ends where its first line begins.
      if (text === "{" || text === "[{") open = { end: line.trimEnd().replace(/\[?\{$/, "}"), lines: ["{"] };
      else takeLine(line);
    },
    end: () => {
      const within = open !== undefined || cut.size > 0 || isInArray;
      open = undefined;
      isInArray = false;
      cut.clear();
      return within;
    },
  };
}

/** Whether a piece of a line is all of an event. */
const isWhole = (text: string): boolean => text.trimEnd().endsWith("}") && parseLine(text) !== undefined;

/** An item of an array that has a line for each: `[{…},` `{…},` `{…}]`. */
function itemOf(text: string): unknown {
  const item = text.replace(/^[[,]\s*/, "").replace(/\s*[\],]$/, "");
  return item === text ? undefined : parseLine(item);
}
