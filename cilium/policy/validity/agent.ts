/** What of an agent's configuration decides whether it accepts a policy. */

export type Agent = {
  /** `enable-l7-proxy` */
  readonly l7Proxy: boolean;
  /** `enable-icmp-rules` */
  readonly icmpRules: boolean;
  /** `enable-node-selector-labels` */
  readonly nodeSelectorLabels: boolean;
  /** `enable-extended-ip-protocols` */
  readonly extendedProtocols: boolean;
};

/** An agent without further configuration (`pkg/defaults/defaults.go`). */
export const defaultAgent: Agent = {
  l7Proxy: true,
  icmpRules: true,
  nodeSelectorLabels: false,
  extendedProtocols: false,
};
