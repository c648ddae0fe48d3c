/** What somebody should know before a stack is applied to a cluster. */
export interface Finding {
  readonly effect: Effect;
  /** A policy, a namespace, a kind, a right or a key of `cilium-config`. */
  readonly about: string;
  readonly reason: string;
  /** What to do about it. */
  readonly fix: string;
}

/** The update fails, it overwrites what somebody else has written, or Cilium does not do what the policies say. */
export type Effect = "stops" | "overwrites" | "defeats";
