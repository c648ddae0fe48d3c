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
  const candidates = Array.from({ length: Math.min(8, boxes.length) }, (_, i) => settled(heights, ends, i + 1));
  const [best] = candidates.sort((a, b) => scaleOf(b) - scaleOf(a) || a.cost - b.cost);
  return new Map(boxes.map(({ id }, number) => [id, best?.columns[number] ?? 0]));
}

/** Numbers of two boxes. */
type Ends = readonly [from: number, to: number];

const leftEnd = -1;
const rightEnd = -2;

interface Arrangement extends Cost {
  /** By number of the box. */
  readonly columns: readonly number[];
  readonly count: number;
}

interface Cost {
  readonly cost: number;
  /** Height of the tallest column. */
  readonly height: number;
}

const scaleOf = ({ count, height }: Arrangement): number =>
  Math.min(screen.width / (sidesWidth + count * columnWidth), screen.height / height);

/** From all boxes in the first column, moves and swaps until none makes the arrangement better. */
function settled(heights: readonly number[], arcs: readonly Ends[], count: number): Arrangement {
  const columns = heights.map(() => 0);
  let best = costOf(columns, heights, arcs, count);
  const isBetter = (): boolean => {
    const tried = costOf(columns, heights, arcs, count);
    if (tried.cost >= best.cost) return false;
    best = tried;
    return true;
  };
  const move = (box: number, column: number): boolean => {
    const before = columns[box] ?? 0;
    columns[box] = column;
    const moved = isBetter();
    if (!moved) columns[box] = before;
    return moved;
  };
  const swap = (box: number, other: number): boolean => {
    const [mine, its] = [columns[box] ?? 0, columns[other] ?? 0];
    if (mine === its) return false;
    columns[box] = its;
    columns[other] = mine;
    const swapped = isBetter();
    if (!swapped) {
      columns[box] = mine;
      columns[other] = its;
    }
    return swapped;
  };
  for (let improved = true; improved; ) {
    improved = false;
    for (const box of columns.keys()) {
      for (let column = 0; column < count; column++) improved = move(box, column) || improved;
    }
    for (const box of columns.keys()) {
      for (const other of columns.keys()) improved = swap(box, other) || improved;
    }
  }
  return { ...best, columns, count };
}

function costOf(columns: readonly number[], heights: readonly number[], arcs: readonly Ends[], count: number): Cost {
  const grown = new Array<number>(count).fill(0);
  const grow = (column: number, by: number) => {
    grown[column] = (grown[column] ?? 0) + by;
  };
  for (const [box, height] of heights.entries()) grow(columns[box] ?? 0, height);
  const place = (end: number): number => (end === leftEnd ? -1 : end === rightEnd ? count : (columns[end] ?? 0));
  let passed = 0;
  for (const [from, to] of arcs) {
    const [start, end] = [place(from), place(to)];
    for (let column = start + 1; column < end; column++) grow(column, laneHeight);
    passed += end > start ? end - start - 1 : backwards + start - end;
  }
  const mean = grown.reduce((sum, height) => sum + height, 0) / count;
  const unevenness = grown.reduce((sum, height) => sum + ((height - mean) / 100) ** 2, 0);
  return { cost: passed + unevenness, height: Math.max(...grown) };
}
