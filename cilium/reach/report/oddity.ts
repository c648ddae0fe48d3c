/** Something odd about policies once they meet an inventory, although each of them is fine by itself. */
export type Oddity = {
  readonly kind:
    | "selects-nothing"
    | "peer-selects-nothing"
    | "port-without-name"
    | "shadowed-by-deny"
    | "contradiction"
    | "unreachable";
  /** The policy, or the endpoint that it is about. */
  readonly subject: string;
  /** The place in the policy, such as `egress[2]`. */
  readonly place: string;
  readonly problem: string;
  readonly fix: string;
};
