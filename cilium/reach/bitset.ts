/** Sets of small numbers. */
export class Bitset {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array((size + 31) >> 5);
  }

  has(member: number): boolean {
    return (((this.#words[member >> 5] ?? 0) >> (member & 31)) & 1) === 1;
  }

  add(member: number): void {
    const word = member >> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (member & 31));
  }
}
