/**
 * DNS names that stand for all: one for each way in which selectors can select a name together, found by reading all
 * patterns at once, a letter at a time.
 */
import type { FqdnSelector } from "../policy/schema.ts";
import { nameMatcher } from "../reach/compile/fqdn.ts";

/**
 * @returns the names, one that nothing selects not among them; undefined if there are too many ways
 */
export function representativeNames(selectors: readonly FqdnSelector[]): readonly string[] | undefined {
  const written = selectors.map(({ matchName, matchPattern }) => normal(matchName || (matchPattern ?? "")));
  const key = written.join(" ");
  // A search asks of the same few lists thousands of times.
  if (!answered.has(key)) answered.set(key, namesOf(selectors, written));
  return answered.get(key);
}

const answered = new Map<string, readonly string[] | undefined>();

function namesOf(selectors: readonly FqdnSelector[], written: readonly string[]): readonly string[] | undefined {
  const names = [...new Set(written.filter((text) => !text.includes("*")))];
  const patterns = [...new Set(written.filter((text) => text.includes("*")))];
  const common = patterns.length === 0 ? [] : selectedTogether(patterns, alphabetOf(written));
  if (common === undefined) return undefined;
  const matchers = selectors.map(nameMatcher);
  const told = new Map<string, string>();
  for (const name of [...names, ...common]) {
    const selecting = matchers.map((matches) => (matches(name) ? "1" : "0")).join("");
    if (selecting.includes("1") && !told.has(selecting)) told.set(selecting, name);
  }
  return [...told.values()];
}

const normal = (text: string): string => text.trim().toLowerCase().replace(/\.$/, "");

/** The letters that selectors write, and one that they do not, if there is one. */
function alphabetOf(written: readonly string[]): { readonly letters: readonly string[]; readonly unwritten: string } {
  const letters = [...new Set(written.join(""))].filter((letter) => /[-a-z0-9_]/.test(letter));
  const unwritten = [..."xyzqjkwvabcdefghilmnoprstu0123456789"].find((letter) => !letters.includes(letter)) ?? "";
  return { letters: unwritten === "" ? letters : [...letters, unwritten], unwritten };
}

/** What a pattern still expects: a place in its steps. */
type Step =
  | { readonly kind: "letter"; readonly letter: string }
  /** Any letters within a label. */
  | { readonly kind: "letters" }
  /** One label or several, each with its dot. */
  | { readonly kind: "labels" };

/** As `nameMatcher` reads patterns; all end with a dot. */
function stepsOf(pattern: string): Step[] {
  if (/^\*+$/.test(pattern)) return [{ kind: "labels" }];
  const subdomains = /^\*{2,}\./.exec(pattern)?.[0] ?? "";
  const rest = `${pattern.slice(subdomains.length)}.`.replaceAll(/\*+/g, "*");
  return [
    ...(subdomains === "" ? [] : [{ kind: "labels" } as const]),
    ...[...rest].map((letter): Step => (letter === "*" ? { kind: "letters" } : { kind: "letter", letter })),
  ];
}

/** Where patterns are after the same letters: for each the places, as numbers that are odd within a label of `labels`. */
type Reading = {
  readonly places: readonly (readonly number[])[];
  readonly word: string;
  readonly isUnwritten: boolean;
};

const mostReadings = 20_000;

/** A name for each set of patterns that select a name together; where possible one that nobody wrote. */
function selectedTogether(
  patterns: readonly string[],
  { letters, unwritten }: ReturnType<typeof alphabetOf>,
): readonly string[] | undefined {
  const steps = patterns.map(stepsOf);
  const start: Reading = { places: steps.map((own) => atRest(own, [0])), word: "", isUnwritten: false };
  const known = new Set<string>();
  const found = new Map<string, Reading>();
  let readings = [start];
  while (readings.length > 0) {
    const next: Reading[] = [];
    for (const reading of readings) {
      for (const letter of [...letters, "."]) {
        if (letter === "." && (reading.word === "" || reading.word.endsWith("."))) continue;
        const places = reading.places.map((own, i) => advance(steps[i] ?? [], own, letter));
        if (places.every((own) => own.length === 0)) continue;
        const isUnwritten = reading.isUnwritten || letter === unwritten;
        const key = `${places.map((own) => own.join()).join(";")}${letter === "." ? "." : ""}${isUnwritten ? "!" : ""}`;
        if (known.has(key)) continue;
        if (known.size >= mostReadings) return undefined;
        known.add(key);
        const one = { places, word: reading.word + letter, isUnwritten };
        next.push(one);
        if (letter !== ".") continue;
        const selecting = places.map((own, i) => (own.includes(2 * (steps[i]?.length ?? 0)) ? "1" : "0")).join("");
        const other = found.get(selecting);
        if (other === undefined || (!other.isUnwritten && isUnwritten)) found.set(selecting, one);
      }
    }
    readings = next;
  }
  return [...found].filter(([selecting]) => selecting.includes("1")).map(([, { word }]) => word.replace(/\.$/, ""));
}

const advance = (steps: readonly Step[], places: readonly number[], letter: string): readonly number[] =>
  atRest(
    steps,
    places.flatMap((place) => after(steps[place >> 1], place, letter)),
  );

function after(step: Step | undefined, place: number, letter: string): number[] {
  switch (step?.kind) {
    case undefined:
      return [];
    case "letter":
      return step.letter === letter ? [place + 2] : [];
    case "letters":
      return letter === "." ? [] : [place];
    case "labels": {
      if (letter !== ".") return [place | 1];
      const start = place & ~1;
      return place === start ? [] : [start, start + 2];
    }
  }
}

/** With the places that are reached without a letter. */
function atRest(steps: readonly Step[], places: readonly number[]): readonly number[] {
  const all = new Set(places);
  for (const place of all) if (steps[place >> 1]?.kind === "letters") all.add(place + 2);
  return [...all].sort((a, b) => a - b);
}
