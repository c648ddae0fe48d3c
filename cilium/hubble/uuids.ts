/** Which events were read before, told by their uuids, of which every event has its own (`pkg/hubble/parser/parser.go`). */

/** Tells whether a uuid came up before, of the last ones at least; what is no uuid never did. */
export type Repeats = (uuid: string | null | undefined) => boolean;

/** Of the last so many events all are known, and up to as many before; they take 32 MB. */
const remembered = 3_000_000;

export function repeats(limit = remembered): Repeats {
  let recent = new Fingerprints();
  let before = new Fingerprints();
  return (uuid) => {
    if (!uuid || !/^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(uuid)) return false;
    const high = Number.parseInt(uuid.slice(0, 8), 16);
    // Of the random bits that follow, as many as fit.
    const low = Number.parseInt(uuid.slice(9, 13) + uuid.slice(15, 18), 16);
    if (before.has(high, low) || !recent.add(high, low)) return true;
    if (recent.size === limit) {
      before = recent;
      recent = new Fingerprints();
    }
    return false;
  };
}

/** A set of pairs of numbers in 8 bytes each, of which the second counts as one where it is zero. */
class Fingerprints {
  size = 0;
  #slots = new Uint32Array(2048);

  has(high: number, low: number): boolean {
    const at = slotOf(this.#slots, high, low);
    return this.#slots[at + 1] !== 0;
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
    this.#slots = new Uint32Array(before.length * 2);
    for (let i = 0; i < before.length; i += 2) {
      const [high = 0, low = 0] = [before[i], before[i + 1]];
      if (low !== 0) this.#slots.set([high, low], slotOf(this.#slots, high, low));
    }
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
