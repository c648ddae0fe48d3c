/** What is read again and again of equal things, read once. */

/** Few enough to keep, and more than the pods of many nodes. */
const most = 10_000;

/**
 * Reads each thing once, as long as it is among the last ones.
 * @param keep makes what is kept of a thing, if not itself; it has to be equal
 */
export function onceEach<K, V>(read: (thing: K) => V, keep = (thing: K): K => thing): (thing: K) => V {
  const known = new Map<K, V>();
  return (thing) => {
    const found = known.get(thing);
    if (found !== undefined) return found;
    if (known.size >= most) known.clear();
    const value = read(thing);
    known.set(keep(thing), value);
    return value;
  };
}
