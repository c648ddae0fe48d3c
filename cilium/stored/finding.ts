/** What somebody should know before a stack is applied to a cluster. */
export interface UpdateFinding {
  readonly effect: UpdateEffect;
  /** A policy, a namespace, a kind, a right or a key of `cilium-config`. */
  readonly about: string;
  readonly reason: string;
  /** What to do about it. */
  readonly fix: string;
}

/**
 * The update fails, it overwrites what somebody else has written, Cilium does not do what the policies say, or, which harms
 * nothing, the update goes on where another one was cut off.
 */
export const effects = ["stops", "overwrites", "defeats", "resumes"] as const;

export type UpdateEffect = (typeof effects)[number];
