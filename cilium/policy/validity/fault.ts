/** A reason for which Cilium's agent takes none of a policy's rules, although the API server stored the policy. */
export type Fault = {
  /** Where in the policy, such as `egress[2].toPorts[0].ports[1]`; a rule of `specs` starts with `specs[i]`. */
  readonly place: string;
  /** The value at fault, as JSON. */
  readonly value: string;
  /** The agent's own words. */
  readonly reason: string;
  /** What to write instead. */
  readonly fix: string;
};

export const fault = (place: string, value: unknown, reason: string, fix: string): Fault => ({
  place,
  value: JSON.stringify(value) ?? "nothing",
  reason,
  fix,
});
