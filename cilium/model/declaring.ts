/** What a file declares while it is loaded: what is wrong is kept with its place, so that all of it is said at once. */
import { type Collected, collect, type StatedFlow } from "./flow.ts";
import { givenIn, issueTexts, type ObjectSchema, reading, shown } from "./issues.ts";
import { type Place, placeText } from "./place.ts";

export interface Declaring {
  /** What is wrong so far, a line each. */
  readonly faults: string[];
  fault(at: Place, text: string): void;
  /** A spec as it is read; what is wrong with it is a fault, and `unread` stands for it so that the rest is read as well. */
  parse<T>(at: Place, id: string, schema: ObjectSchema<T>, spec: unknown, unread: T): T;
  /** The same of something that is called so. */
  read<T>(at: Place, called: unknown, schema: ObjectSchema<T>, spec: unknown, unread: T): T;
  /** Takes the function that states the flows, after which nothing is declared. */
  close(at: Place, state: () => readonly StatedFlow[]): () => Collected;
}

/** `name` is that of the file's namespace. */
export function declaring(name: string): Declaring {
  const faults: string[] = [];
  let closed = false;
  const fault: Declaring["fault"] = (at, text) => faults.push(`${placeText(at)}: ${text}`);
  const parse: Declaring["parse"] = (at, id, schema, spec, unread) => {
    const parsed = schema.safeParse(spec, reading);
    if (parsed.success) return parsed.data;
    for (const text of issueTexts(parsed.error, Object.keys(schema.shape), givenIn(spec))) fault(at, `${id}: ${text}`);
    return unread;
  };
  return {
    faults,
    fault,
    parse,
    read(at, called, schema, spec, unread) {
      const id = `${name}/${typeof called === "string" ? called : shown(called)}`;
      if (!isName(called)) fault(at, `${id}: ${nameSyntax}`);
      if (closed) fault(at, `${id} is declared after flows(), which closes the namespace; declare it above`);
      return parse(at, id, schema, spec, unread);
    },
    close(at, state) {
      if (closed) fault(at, `${name}: flows() for the second time; state all flows in one list`);
      closed = true;
      if (typeof state === "function") return () => collect(state);
      fault(at, `${name}: flows() takes a function; write flows(() => [ … ])`);
      return () => ({ given: [], begun: [] });
    },
  };
}

/** As Kubernetes has the names of namespaces and policies. */
export const isName = (name: unknown): boolean =>
  typeof name === "string" && name.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name);
export const nameSyntax = "write a name of lower-case letters, digits, - and .";
