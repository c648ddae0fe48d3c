/** Which column each box stands in: lines run to the right, columns are alike in height, and the whole fits a screen. */

export interface ColumnBox {
  readonly id: string;
  readonly height: number;
}

/** Two boxes joined by lines; `left` and `right` stand for what lies on either side of all columns. */
export interface Arc {
  readonly from: string;
  readonly to: string;
}

export const left = "left of all columns";
export const right = "right of all columns";

/** Width of a column with the lines beside it, and of what stands on the sides, as far as the choice depends on them. */
const columnWidth = 260;
const sidesWidth = 440;
/** The screen that the picture should fill. */
const screen = { width: 1440, height: 830 };
/** Room between boxes of a column, and for a line that passes through one. */
const boxGap = 18;
const laneHeight = 6;
/** What a line costs that runs back to the left, in columns that it passes. */
const backwards = 25;

/** The column of each box, from 0. */
export function columnsOf(boxes: readonly ColumnBox[], arcs: readonly Arc[]): Map<string, number> {
  const numbers = new Map(boxes.map(({ id }, number) => [id, number]));
  const place = (id: string): number => (id === left ? leftEnd : id === right ? rightEnd : (numbers.get(id) ?? 0));
  const ends = arcs.map(({ from, to }) => [place(from), place(to)] as const);
  const heights = boxes.map(({ height }) => height + boxGap);
  const candidates = Array.from(
    { length: Math.min(Math.max(8, Math.ceil(Math.sqrt(boxes.length))), boxes.length) },
    (_, i) => settled(heights, ends, i + 1),
  );
  const [best] = candidates.sort((a, b) => scaleOf(b) - scaleOf(a) || a.cost - b.cost);
  return new Map(boxes.map(({ id }, number) => [id, best?.columns[number] ?? 0]));
}

/** Numbers of two boxes. */
type Ends = readonly [from: number, to: number];

const leftEnd = -1;
const rightEnd = -2;

interface Arrangement {
  /** By number of the box. */
  readonly columns: readonly number[];
  readonly count: number;
  readonly cost: number;
  /** Height of the tallest column. */
  readonly height: number;
}

const scaleOf = ({ count, height }: Arrangement): number =>
  Math.min(screen.width / (sidesWidth + count * columnWidth), screen.height / height);

/** From all boxes in the first column, moves and swaps until none makes the arrangement better. */
function settled(heights: readonly number[], arcs: readonly Ends[], count: number): Arrangement {
  const { columns, grown, shift, cost } = weighed(heights, arcs, count);
  let best = cost();
  const isBetter = (...changes: readonly Change[]): boolean => {
    const undone = changes.map(([box]): Change => [box, columns[box] ?? 0]);
    shift(changes);
    const tried = cost();
    if (tried < best) {
      best = tried;
      return true;
    }
    shift(undone);
    return false;
  };
  for (let improved = true; improved; ) {
    improved = false;
    for (const box of heights.keys()) {
      for (let column = 0; column < count; column++) improved = isBetter([box, column]) || improved;
    }
    for (const box of heights.keys()) {
      for (const other of heights.keys()) {
        const [mine = 0, its = 0] = [columns[box], columns[other]];
        if (mine !== its) improved = isBetter([box, its], [other, mine]) || improved;
      }
    }
  }
  return { columns, count, cost: best, height: Math.max(...grown) };
}

type Change = readonly [box: number, column: number];

/** All boxes in the first column, and what it costs to have them there, kept up to date with every shift. */
function weighed(heights: readonly number[], arcs: readonly Ends[], count: number) {
  const columns = heights.map(() => 0);
  const grown = new Array<number>(count).fill(0);
  let passed = 0;
  const grow = (column: number, by: number): void => {
    grown[column] = (grown[column] ?? 0) + by;
  };
  const place = (end: number): number => (end === leftEnd ? -1 : end === rightEnd ? count : (columns[end] ?? 0));
  const lead = ([from, to]: Ends, times: 1 | -1): void => {
    const [start, end] = [place(from), place(to)];
    for (let column = start + 1; column < end; column++) grow(column, times * laneHeight);
    passed += times * (end > start ? end - start - 1 : backwards + start - end);
  };
  const touching = heights.map((_, box) => arcs.filter(([from, to]) => from === box || to === box));
  for (const height of heights) grow(0, height);
  for (const arc of arcs) lead(arc, 1);

  const shift = (changes: readonly Change[]): void => {
    const moved = new Set(changes.flatMap(([box]) => touching[box] ?? []));
    for (const arc of moved) lead(arc, -1);
    for (const [box, column] of changes) {
      const height = heights[box] ?? 0;
      grow(columns[box] ?? 0, -height);
      grow(column, height);
      columns[box] = column;
    }
    for (const arc of moved) lead(arc, 1);
  };
  const cost = (): number => {
    const mean = grown.reduce((sum, height) => sum + height, 0) / count;
    return passed + grown.reduce((sum, height) => sum + ((height - mean) / 100) ** 2, 0);
  };
  return { columns, grown, shift, cost };
}
