/** Expectations that a team keeps next to its policies: a list of flows that must or must not be possible. */
import { z } from "zod";
import { leftOutText } from "../cilium/kubernetes/left-out.ts";
import { parseText } from "../cilium/kubernetes/text.ts";
import type { Guarantee } from "../cilium/prove/prove.ts";
import type { EndSet } from "../cilium/prove/sets.ts";
import { type FlowProtocol, flowProtocols, type Peer, type Question } from "../cilium/reach/compile/inventory.ts";
import { endReader } from "./ends.ts";
import { Failure } from "./failure.ts";
import { type Finder, heldReader, isOfStrangers, isSet, readSet, setOfOne } from "./sets.ts";
import { textOf } from "./sources/files.ts";
import type { Source } from "./sources/source.ts";

const protocol = z
  .string()
  .default("TCP")
  .transform((text, context): FlowProtocol => {
    const known = flowProtocols.find((name) => name.toLowerCase() === text.toLowerCase());
    if (known !== undefined) return known;
    context.addIssue({ code: "custom", message: `${text} is none of ${flowProtocols.join(", ")}` });
    return z.NEVER;
  });

const portNumber = z.int().min(0).max(65535);

const expectation = z
  .strictObject({
    from: z.string(),
    to: z.string().optional(),
    fqdn: z.string().optional(),
    // Policies write ports as strings, so people do it here too.
    port: z.preprocess((port) => (typeof port === "string" && /^\d+$/.test(port) ? Number(port) : port), portNumber),
    protocol,
    expect: z.enum(["allow", "deny"]),
    because: z.string().optional(),
  })
  .refine(({ to, fqdn }) => (to === undefined) !== (fqdn === undefined), "exactly one of to and fqdn is needed");

export type Expectation = z.infer<typeof expectation>;

/** An expectation with the question that it asks. */
export interface Asked {
  readonly expectation: Expectation;
  readonly question: Question;
}

/** An expectation of all connections between two sets of ends. */
export interface AskedOfAll {
  readonly expectation: Expectation;
  readonly guarantee: Guarantee;
}

/** Whether an expectation is about all connections between two sets. */
export const isOfSets = ({ from, to }: Expectation): boolean => isSet(from) || (to !== undefined && isSet(to));

/**
 * Reads a file of expectations.
 * @throws Failure with a line for everything that is wrong with the file.
 */
export function readExpectations(file: string): Expectation[] {
  const { documents, leftOut } = parseText(textOf(file), file);
  if (leftOut.length > 0) throw new Failure(leftOut.map(leftOutText).join("\n"));
  const items = documents.flatMap(({ value, place }): unknown[] => {
    if (Array.isArray(value)) return value;
    throw new Failure(`${place} is no list; write a list of {from, to or fqdn, port, protocol, expect, because}`);
  });
  if (items.length === 0) throw new Failure(`${file} holds no expectation`);
  const parsed = items.map((item) => expectation.safeParse(item));
  const wrong = parsed.flatMap(({ error }, index) =>
    (error?.issues ?? []).map((issue) => `${at(file, index)}: ${[...issue.path, ""].join(": ")}${said(issue)}`),
  );
  if (wrong.length > 0) throw new Failure(wrong.join("\n"));
  return parsed.flatMap(({ data }) => data ?? []);
}

const at = (file: string, index: number): string => `${file}, item ${index + 1}`;

/**
 * Finds the ends of expectations in the source's inventory.
 * @throws Failure with a line for each that is not there.
 */
export function ask(
  expectations: readonly Expectation[],
  file: string,
  source: Pick<Source, "inventory" | "replicas">,
): (Asked | AskedOfAll)[] {
  const wrong: string[] = [];
  const end = endReader(source);
  const endpoint: Finder = (namespace, name) =>
    source.inventory.endpoints.find((one) => one.namespace === namespace && one.name === name);
  const held = heldReader(end, source.inventory);
  const setOf = (text: string): EndSet =>
    isSet(text) ? readSet(text, held, endpoint) : setOfOne(held(text), endpoint);
  const asked = expectations.flatMap((expectation, index): (Asked | AskedOfAll)[] => {
    const { from, to, fqdn = "", port, protocol, expect } = expectation;
    const named: Peer = { kind: "fqdn", name: fqdn };
    try {
      if (!isOfSets(expectation)) {
        const destination = to === undefined ? named : end(to);
        return [{ expectation, question: { source: end(from), destination, port, protocol } }];
      }
      const destination = to === undefined ? setOfOne(named, endpoint) : setOf(to);
      const expected = expect === "allow" ? "allowed" : "denied";
      return [{ expectation, guarantee: { source: setOf(from), destination, port, protocol, expect: expected } }];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      wrong.push(`${at(file, index)}: ${error.message}`);
      return [];
    }
  });
  if (wrong.length > 0) throw new Failure(wrong.join("\n"));
  return asked;
}

/** What may be a mistake in sets that can be proved of all the same, a sentence each. */
export const strangersIn = (asked: readonly (Asked | AskedOfAll)[], inventory: Source["inventory"]): string[] =>
  asked.flatMap((one) => {
    if ("question" in one) return [];
    const { source, destination } = one.guarantee;
    const { from, to = "" } = one.expectation;
    return [
      ...(isOfStrangers(source, inventory) ? [from] : []),
      ...(isOfStrangers(destination, inventory) ? [to] : []),
    ].map((set) => `no pod or workload that is known is in "${set}"`);
  });

const said = (issue: z.core.$ZodIssue): string =>
  issue.code === "unrecognized_keys"
    ? `there is no field ${issue.keys.join(", ")}`
    : issue.message.replace(/^Invalid input: /, "");
