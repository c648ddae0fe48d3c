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
  const candidates = Array.from({ length: Math.min(8, boxes.length) }, (_, i) => settled(boxes, arcs, i + 1));
  const [best] = candidates.sort((a, b) => scaleOf(b) - scaleOf(a) || a.cost - b.cost);
  return best?.columns ?? new Map();
}

interface Arrangement {
  readonly columns: Map<string, number>;
  readonly count: number;
  readonly cost: number;
  /** Height of the tallest column. */
  readonly height: number;
}

const scaleOf = ({ count, height }: Arrangement): number =>
  Math.min(screen.width / (sidesWidth + count * columnWidth), screen.height / height);

/** From all boxes in the first column, moves and swaps until none makes the arrangement better. */
function settled(boxes: readonly ColumnBox[], arcs: readonly Arc[], count: number): Arrangement {
  let best = arrangement(new Map(boxes.map(({ id }) => [id, 0])), boxes, arcs, count);
  const tryColumns = (changes: readonly (readonly [string, number])[]): boolean => {
    const tried = arrangement(new Map([...best.columns, ...changes]), boxes, arcs, count);
    if (tried.cost >= best.cost) return false;
    best = tried;
    return true;
  };
  for (let improved = true; improved; ) {
    improved = false;
    for (const { id } of boxes) {
      for (let column = 0; column < count; column++) improved = tryColumns([[id, column]]) || improved;
    }
    for (const { id } of boxes) {
      for (const other of boxes) {
        const mine = best.columns.get(id);
        const its = best.columns.get(other.id);
        if (mine === undefined || its === undefined || mine === its) continue;
        improved = tryColumns([[id, its], [other.id, mine]]) || improved; // biome-ignore format: a pair of moves
      }
    }
  }
  return best;
}

function arrangement(
  columns: Map<string, number>,
  boxes: readonly ColumnBox[],
  arcs: readonly Arc[],
  count: number,
): Arrangement {
  const heights = new Array<number>(count).fill(0);
  const grow = (column: number, by: number) => {
    heights[column] = (heights[column] ?? 0) + by;
  };
  for (const { id, height } of boxes) grow(columns.get(id) ?? 0, height + boxGap);
  const place = (id: string): number => (id === left ? -1 : id === right ? count : (columns.get(id) ?? 0));
  let passed = 0;
  for (const { from, to } of arcs) {
    const [start, end] = [place(from), place(to)];
    for (let column = start + 1; column < end; column++) grow(column, laneHeight);
    passed += end > start ? end - start - 1 : backwards + start - end;
  }
  const mean = heights.reduce((sum, height) => sum + height, 0) / count;
  const unevenness = heights.reduce((sum, height) => sum + ((height - mean) / 100) ** 2, 0);
  return { columns, count, cost: passed + unevenness, height: Math.max(...heights) };
}
