/** What is read again and again of equal things, read once. */

/** Few enough to keep, and more than the pods of many nodes. */
export const manyPods = 10_000;

/** Reads each thing once. @param most how many are kept before all are forgotten */
export const onceEach = <K, V>(read: (thing: K) => V, most = Number.POSITIVE_INFINITY): ((thing: K) => V) =>
  remembering(read, (thing) => thing, most);

/** Reads each text once, as long as it is among the last ones. `read` is given one that it may keep. */
export const onceEachText = <V>(read: (text: string) => V): ((text: string) => V) => remembering(read, own, manyPods);

/** @param keep makes what is kept of a thing, and is equal to it */
function remembering<K, V>(read: (thing: K) => V, keep: (thing: K) => K, most: number): (thing: K) => V {
  const known = new Map<K, V>();
  return (thing) => {
    const found = known.get(thing);
    if (found !== undefined) return found;
    if (known.size >= most) known.clear();
    const kept = keep(thing);
    const value = read(kept);
    known.set(kept, value);
    return value;
  };
}

/** Gives one text for all that are equal, as long as it is among the last ones. */
export const keeper = (): ((text: string) => string) => onceEachText((text) => text);

/**
 * Like `onceEachText`, of texts most of which are long. A hint nearly always tells which one it is: to compare with that one
 * takes a tenth of what it takes to hash it.
 * @param hint a text that is kept and tells them apart; else some of their letters do
 */
export function onceEachLongText<V>(read: (text: string) => V): (text: string, hint?: string) => V {
  const readOnce = onceEachText((text) => ({ text, value: read(text) }));
  const hinted = new Map<string | number, ReturnType<typeof readOnce>>();
  return (text, hint) => {
    if (text.length < long) return readOnce(text).value;
    const telling = hint ?? sampled(text);
    const likely = hinted.get(telling);
    if (likely !== undefined && likely.text === text) return likely.value;
    if (hinted.size >= manyPods) hinted.clear();
    const found = readOnce(text);
    hinted.set(telling, found);
    return found.value;
  };
}

/** What takes longer to hash than a hint. */
const long = 64;

/** A number made of every seventh letter. */
function sampled(text: string): number {
  let sum = text.length;
  for (let at = text.length - 1; at >= 0; at -= 7) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return sum;
}

/** A copy that does not keep the whole block of a file that a text was cut from. */
export const own = (text: string): string => ` ${text}`.slice(1);
