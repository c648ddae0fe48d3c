/** Expectations that a team keeps next to its policies: a list of flows that must or must not be possible. */
import { z } from "zod";
import { leftOutText } from "../cilium/kubernetes/left-out.ts";
import { parseText } from "../cilium/kubernetes/text.ts";
import { type FlowProtocol, flowProtocols, type Peer, type Question } from "../cilium/reach/compile/inventory.ts";
import { endReader } from "./ends.ts";
import { Failure } from "./failure.ts";
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

/**
 * Reads a file of expectations and finds their ends in the source's inventory.
 * @throws Failure with a line for everything that is wrong with the file.
 */
export function readExpectations(file: string, source: Pick<Source, "inventory" | "replicas">): Asked[] {
  const { documents, leftOut } = parseText(textOf(file), file);
  if (leftOut.length > 0) throw new Failure(leftOut.map(leftOutText).join("\n"));
  const items = documents.flatMap(({ value, place }) => {
    if (Array.isArray(value)) return value;
    throw new Failure(`${place} is no list; write a list of {from, to or fqdn, port, protocol, expect, because}`);
  });
  if (items.length === 0) throw new Failure(`${file} holds no expectation`);
  const wrong: string[] = [];
  const ends = endReader(source);
  const end = (text: string): Peer => ends(text);
  const asked = items.flatMap((item: unknown, index): Asked[] => {
    const at = `${file}, item ${index + 1}`;
    const parsed = expectation.safeParse(item);
    if (!parsed.success) {
      wrong.push(...parsed.error.issues.map((issue) => `${at}: ${[...issue.path, ""].join(": ")}${said(issue)}`));
      return [];
    }
    const { from, to, fqdn = "", port, protocol } = parsed.data;
    try {
      const destination: Peer = to === undefined ? { kind: "fqdn", name: fqdn } : end(to);
      return [{ expectation: parsed.data, question: { source: end(from), destination, port, protocol } }];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      wrong.push(`${at}: ${error.message}`);
      return [];
    }
  });
  if (wrong.length > 0) throw new Failure(wrong.join("\n"));
  return asked;
}

const said = (issue: z.core.$ZodIssue): string =>
  issue.code === "unrecognized_keys"
    ? `there is no field ${issue.keys.join(", ")}`
    : issue.message.replace(/^Invalid input: /, "");
