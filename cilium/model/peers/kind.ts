/** What a kind of peer says of itself, once for everybody: a new kind is a file beside this one, and a row in `peers.ts`. */
import { z } from "zod";
import { isKind } from "../issues.ts";
import type { LabelMatch, Labels, Share } from "../labels.ts";
import type { Selection } from "../selection.ts";
import type { ClusterwideGroup, NodeGroup } from "./clusterwide.ts";
import type { Workload } from "./workload.ts";

export interface PeerKind<P> {
  /** Its form, as its word makes it; what the word was given may be wrong. */
  readonly schema: z.ZodType<P>;
  /** Whether a policy can tell that a connection comes from it, which a `Source` is. */
  readonly isSource: boolean;
  /** As faults, outputs and the map call it: `namespace/name` of pods. */
  name(peer: P): string;
  /** As the tables call it. */
  inTables(peer: P): TableName;
  /** As the reachability engine calls what it stands for. */
  inVerdicts(peer: P): readonly string[];
  /** The namespace that its pods are of; undefined for those of several, and for what is no pod. */
  namespace(peer: P): string | undefined;
  /** Whether it lies outside the cluster. */
  isOutside(peer: P): boolean;
  /** How many of a subject's pods or nodes it stands for. */
  share(peer: P, subject: Subject): Share;
  /** What selects it in a policy. */
  selection(peer: P): Selection;
  /** How the language writes it. */
  wording(peer: P): Wording;
}

/** What has a policy. */
export type Subject = Workload | ClusterwideGroup | NodeGroup;

/** A peer in the language: pods go by the constants of their files, all others by a word, which may be given something. */
export type Wording =
  | { readonly kind: "constant"; readonly namespace: string; readonly name: string }
  | { readonly kind: "word"; readonly word: string }
  | {
      readonly kind: "call";
      readonly word: string;
      readonly given: readonly Given[];
      /** A word behind it: `cidr("10.0.0.0/8").except("10.1.0.0/16")`. */
      readonly next?: { readonly word: string; readonly given: readonly Given[] };
    };

/** What a word may be given: a text, a condition on a label, or conditions by their labels. */
export type Given = LabelMatch | Labels;

/** The names of a peer, and what tells it apart from others of these names: its namespace, or its address. */
export interface TableName {
  readonly names: readonly string[];
  readonly place?: string;
}

/** The schema of peers that are as their word made them, since nothing in them is anybody's to write. */
export const asMade = <P>(kind: string): z.ZodType<P> => z.custom<P>((value) => isKind(value, kind));
