/** A set of numbers from 0 up to a limit. */
export class Bitset {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array((size + 31) >> 5);
  }

  /** How many members it has. */
  get size(): number {
    let size = 0;
    for (let word of this.#words) for (; word !== 0; word &= word - 1) size++;
    return size;
  }

  has(member: number): boolean {
    return (((this.#words[member >> 5] ?? 0) >> (member & 31)) & 1) === 1;
  }

  /** A set of all numbers below a size. */
  static full(size: number): Bitset {
    const set = new Bitset(size);
    set.#words.fill(0xffffffff);
    return set;
  }

  add(member: number): void {
    const word = member >> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (member & 31));
  }

  /** Adds the members of another set of the same size. */
  union(other: Bitset): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = (this.#words[i] ?? 0) | (other.#words[i] ?? 0);
  }
}
