/** What is read again and again of equal things, read once. */

/** Few enough to keep, and more than the pods of many nodes. */
export const manyPods = 10_000;

/** Reads each thing once. @param most how many are kept before all are forgotten */
export function onceEach<K, V>(read: (thing: K) => V, most = Number.POSITIVE_INFINITY): (thing: K) => V {
  const known = new Map<K, V>();
  return (thing) => {
    const found = known.get(thing);
    if (found !== undefined) return found;
    if (known.size >= most) known.clear();
    const value = read(thing);
    known.set(thing, value);
    return value;
  };
}

/**
 * Reads each text once, as long as it is among the last ones. A hint nearly always tells which long text it is: to compare with
 * that one takes a tenth of what it takes to hash a text.
 * @param hint a text that is kept and tells them apart; else some of their letters do
 */
export function onceEachText<V>(read: (text: string) => V): (text: string, hint?: string) => V {
  const known = new Map<string, Read<V>>();
  const hinted = new Map<string | number, Read<V>>();
  return (text, hint) => {
    const telling = hint ?? sampled(text);
    const likely = hinted.get(telling);
    if (likely !== undefined && likely.text === text) return likely.value;
    if (known.size >= manyPods || hinted.size >= manyPods) {
      known.clear();
      hinted.clear();
    }
    let found = known.get(text);
    if (found === undefined) {
      const kept = own(text);
      found = { text: kept, value: read(kept) };
      known.set(kept, found);
    }
    hinted.set(telling, found);
    return found.value;
  };
}

/** A number made of every seventh letter. */
function sampled(text: string): number {
  let sum = text.length;
  for (let at = text.length - 1; at >= 0; at -= 7) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return sum;
}

type Read<V> = { readonly text: string; readonly value: V };

/** Gives one text for all that are equal, as long as it is among the last ones. */
export function keeper(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= manyPods) known.clear();
    const kept = own(text);
    known.set(kept, kept);
    return kept;
  };
}

/** A copy that does not keep the whole block of a file that a text was cut from. */
export const own = (text: string): string => ` ${text}`.slice(1);
