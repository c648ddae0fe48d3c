/** Panning and zooming: a transform of the drawing in its own units, so that printing can leave it out. */
import { element } from "./page.ts";

interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** As drawn: the whole picture in the window. */
const whole: View = { scale: 1, x: 0, y: 0 };
const zoomStep = 1.3;
/** Text is never brought nearer than this by itself, in screen pixels for each unit of the drawing. */
const nearest = 1.15;

export interface Camera {
  /** Shows these elements in the part of the window that nothing covers, whose right and bottom edges are given. */
  show(elements: readonly Element[], free: DOMRect): void;
  showAll(free: DOMRect): void;
  zoom(direction: "in" | "out"): void;
  /** Brings an element into the window by the shortest way, if it is outside. */
  reveal(found: Element, free: DOMRect): void;
}

export function camera(): Camera {
  const map = element("map", SVGSVGElement);
  const drawing = element("camera", SVGGElement);
  let view = whole;

  const set = (next: View, smooth: boolean): void => {
    view = next;
    drawing.classList.toggle("still", !smooth);
    drawing.style.setProperty("--view", `translate(${next.x}px, ${next.y}px) scale(${next.scale})`);
  };
  /** From the screen to the units of the drawing before its transform. */
  const unit = (x: number, y: number): DOMPoint =>
    new DOMPoint(x, y).matrixTransform(map.getScreenCTM()?.inverse() ?? new DOMMatrix());
  const pixelsPerUnit = (): number => map.getScreenCTM()?.a ?? 1;

  const zoomAt = (factor: number, x: number, y: number, smooth: boolean): void => {
    const scale = Math.min(8, Math.max(0.4, view.scale * factor));
    const at = unit(x, y);
    const grown = scale / view.scale;
    set({ scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown }, smooth);
  };

  /** Shows a part of the drawing, given in its units, in a rectangle of the screen. */
  const frame = (part: DOMRect, free: DOMRect, closest: number): void => {
    const topLeft = unit(free.left, free.top);
    const bottomRight = unit(free.right, free.bottom);
    const room = { width: bottomRight.x - topLeft.x, height: bottomRight.y - topLeft.y };
    const scale = Math.min(room.width / part.width, room.height / part.height, closest);
    set(
      {
        scale,
        x: topLeft.x + room.width / 2 - (part.x + part.width / 2) * scale,
        y: topLeft.y + room.height / 2 - (part.y + part.height / 2) * scale,
      },
      true,
    );
  };

  map.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX, event.clientY, false);
    },
    { passive: false },
  );
  dragging(map, (dx, dy) => {
    const perUnit = pixelsPerUnit();
    set({ ...view, x: view.x + dx / perUnit, y: view.y + dy / perUnit }, false);
  });

  return {
    show: (elements, free) => {
      const part = around(elements);
      if (part !== undefined) frame(part, free, Math.max(1, nearest / pixelsPerUnit()));
    },
    showAll: (free) => {
      const { x, y, width, height } = map.viewBox.baseVal;
      frame(new DOMRect(x, y, width, height), free, 1);
    },
    zoom: (direction) => {
      const { left, top, width, height } = map.getBoundingClientRect();
      zoomAt(direction === "in" ? zoomStep : 1 / zoomStep, left + width / 2, top + height / 2, true);
    },
    reveal: (found, free) => {
      const box = found.getBoundingClientRect();
      const perUnit = pixelsPerUnit();
      const dx = Math.max(0, free.left - box.left) - Math.max(0, box.right - free.right);
      const dy = Math.max(0, free.top - box.top) - Math.max(0, box.bottom - free.bottom);
      if (dx !== 0 || dy !== 0) set({ ...view, x: view.x + dx / perUnit, y: view.y + dy / perUnit }, true);
    },
  };
}

/** The box around elements in the units of the drawing, with some room; undefined around nothing. */
function around(elements: readonly Element[]): DOMRect | undefined {
  const boxes = elements
    .filter((found) => found instanceof SVGGElement)
    .map((found) => {
      const { x, y, width, height } = found.getBBox();
      const { e, f } = found.transform.baseVal.consolidate()?.matrix ?? new DOMMatrix();
      return { left: x + e, top: y + f, right: x + e + width, bottom: y + f + height };
    });
  if (boxes.length === 0) return undefined;
  const room = 40;
  const left = Math.min(...boxes.map((box) => box.left)) - room;
  const top = Math.min(...boxes.map((box) => box.top)) - room;
  const right = Math.max(...boxes.map((box) => box.right)) + room;
  const bottom = Math.max(...boxes.map((box) => box.bottom)) + room;
  return new DOMRect(left, top, right - left, bottom - top);
}

/** Calls back with every step of a drag. A drag is no click. */
function dragging(map: SVGSVGElement, move: (dx: number, dy: number) => void): void {
  const slack = 4;
  let from: { readonly x: number; readonly y: number } | undefined;
  let dragged = false;
  map.addEventListener("pointerdown", ({ button, clientX, clientY }) => {
    if (button === 0) from = { x: clientX, y: clientY };
    dragged = false;
  });
  map.addEventListener("pointermove", ({ clientX, clientY, pointerId }) => {
    if (from === undefined || (!dragged && Math.hypot(clientX - from.x, clientY - from.y) < slack)) return;
    dragged = true;
    map.setPointerCapture(pointerId);
    move(clientX - from.x, clientY - from.y);
    from = { x: clientX, y: clientY };
  });
  for (const end of ["pointerup", "pointercancel"]) {
    map.addEventListener(end, () => {
      from = undefined;
    });
  }
  map.addEventListener("click", (event) => dragged && event.stopImmediatePropagation(), { capture: true });
}
