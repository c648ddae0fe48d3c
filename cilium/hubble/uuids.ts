/** Which events were read before, told by their uuids, of which every event has its own (`pkg/hubble/parser/parser.go`). */

/** Tell whether a uuid came up before, of the last ones at least; what is no uuid never did. */
export type Repeats = {
  readonly isRepeated: (uuid: string | null | undefined) => boolean;
  /** Of the one whose letters stand there. */
  readonly isRepeatedAt: (bytes: Uint8Array, at: number) => boolean;
};

/** For what was told apart before. */
export const neverRepeated: Repeats = { isRepeated: () => false, isRepeatedAt: () => false };

/** Of the last so many events all are known, and up to as many before; they take 32 MB. */
const remembered = 3_000_000;

export function repeats(limit = remembered): Repeats {
  let recent = new Fingerprints();
  let before = new Fingerprints();
  const isRepeatedAt = (bytes: Uint8Array, at: number): boolean => {
    if (bytes[at + 8] !== dash || bytes[at + 13] !== dash) return false;
    const high = numberAt(bytes, at, 8);
    // Of the random bits that follow, as many as fit.
    const low = numberAt(bytes, at + 9, 4) * 0x1000 + numberAt(bytes, at + 15, 3);
    if (!(high >= 0 && low >= 0)) return false;
    if (before.has(high, low) || !recent.add(high, low)) return true;
    if (recent.size === limit) {
      before = recent;
      recent = new Fingerprints();
    }
    return false;
  };
  return { isRepeatedAt, isRepeated: (uuid) => Boolean(uuid) && isRepeatedAt(Buffer.from(uuid ?? ""), 0) };
}

const dash = 45;

/** A hexadecimal number of some digits; negative or NaN where there is another letter. */
function numberAt(bytes: Uint8Array, at: number, digits: number): number {
  let sum = 0;
  for (let i = at; i < at + digits; i++) sum = sum * 16 + (digitOf[bytes[i] ?? 0] ?? Number.NaN);
  return sum;
}

/** Of each letter as a digit; far below zero where it is none. */
const digitOf = Float64Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
});

/** A set of pairs of numbers in 8 bytes each, of which the second counts as one where it is zero. */
class Fingerprints {
  size = 0;
  #slots = new Uint32Array(2 ** 16);

  has(high: number, low: number): boolean {
    return this.#slots[slotOf(this.#slots, high, low) + 1] !== 0;
  }

  /** Gives whether it is new. */
  add(high: number, low: number): boolean {
    const at = slotOf(this.#slots, high, low);
    if (this.#slots[at + 1] !== 0) return false;
    this.#slots[at] = high;
    this.#slots[at + 1] = low || 1;
    this.size++;
    if (this.size * 8 > this.#slots.length * 3) this.#grow();
    return true;
  }

  #grow(): void {
    const before = this.#slots;
    const slots = new Uint32Array(before.length * 2);
    for (let i = 0; i < before.length; i += 2) {
      const [high, low] = [before[i] ?? 0, before[i + 1] ?? 0];
      if (low === 0) continue;
      const at = slotOf(slots, high, low);
      slots[at] = high;
      slots[at + 1] = low;
    }
    this.#slots = slots;
  }
}

/** Where a pair is, or would be. */
function slotOf(slots: Uint32Array, high: number, low: number): number {
  const mask = slots.length - 2;
  // Mixed, since uuids may begin with a time.
  const mixed = Math.imul(high ^ Math.imul(low || 1, 0x85ebca6b), 0x9e3779b1);
  let at = ((mixed ^ (mixed >>> 15)) * 2) & mask;
  while (slots[at + 1] !== 0 && (slots[at] !== high || slots[at + 1] !== (low || 1))) at = (at + 2) & mask;
  return at;
}
