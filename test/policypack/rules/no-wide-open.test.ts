import { clusterwideWith, describeRule, only, policyWith, refused, tcp } from "../cases.ts";

const https = tcp("443");

describeRule("no-wide-open", {
  bad: {
    "an ingress rule without ports": refused(
      /ingress\[0\]: allows every port/,
      policyWith({ ingress: [{ fromEndpoints: [{ matchLabels: { app: "x" } }] }] }),
    ),
    "an egress rule without ports": refused(
      /egress\[0\]: allows every port/,
      policyWith({ egress: [{ toFQDNs: [{ matchName: "example.com" }] }] }),
    ),
    "port 0": refused(
      /toPorts\[0\]: allows every port/,
      policyWith({ egress: [{ toEntities: ["host"], toPorts: tcp("0") }] }),
    ),
    "ports 1 to 65535": refused(
      /allows every port/,
      policyWith({ egress: [{ toEntities: ["host"], toPorts: [{ ports: [{ port: "1", endPort: 65535 }] }] }] }),
    ),
    "an entry of toPorts without ports": refused(
      /allows every port/,
      policyWith({ egress: [{ toEntities: ["host"], toPorts: [...https, {}] }] }),
    ),
    "ingress from nobody in particular": refused(
      /ingress\[0\]: names no peer/,
      policyWith({ ingress: [{ toPorts: https }] }),
    ),
    "egress to nobody in particular": refused(
      /egress\[0\]: names no peer/,
      policyWith({ egress: [{ toPorts: https }] }),
    ),
    "ingress from world": refused(
      /fromEntities\[0\]: lets the entity world in/,
      policyWith({ ingress: [{ fromEntities: ["world"], toPorts: https }] }),
    ),
    "ingress from all": refused(/entity all/, policyWith({ ingress: [{ fromEntities: ["all"], toPorts: https }] })),
    "egress to all": refused(/entity all/, policyWith({ egress: [{ toEntities: ["all"], toPorts: https }] })),
    "egress to world without ports": refused(
      /world on every port/,
      policyWith({ egress: [{ toEntities: ["world"] }] }),
    ),
    "egress to every IPv4 address": refused(
      /toCIDR 0\.0\.0\.0\/0 on 443\/TCP is every address/,
      policyWith({ egress: [{ toCIDR: ["0.0.0.0/0"], toPorts: https }] }),
    ),
    "egress to every IPv6 address but some": refused(
      /toCIDRSet\[0\]\.cidr/,
      policyWith({ egress: [{ toCIDRSet: [{ cidr: "::/0", except: ["fc00::/7"] }], toPorts: https }] }),
    ),
    "ingress from every address": refused(
      /fromCIDR/,
      policyWith({ ingress: [{ fromCIDR: ["0.0.0.0/0"], toPorts: https }] }),
    ),
    ...Object.fromEntries(
      ["*", "**", "**.", "*.com", "*.co.uk", "**.com.", "*example.com", "shop*.de", "*.*.org"].map((matchPattern) => [
        `the pattern ${matchPattern}`,
        refused(
          /matchPattern: .* covers names that anybody can register/,
          policyWith({ egress: [{ toFQDNs: [{ matchPattern }], toPorts: https }] }),
        ),
      ]),
    ),
    "it in a clusterwide policy": refused(
      /entity all/,
      clusterwideWith({ egress: [{ toEntities: ["all"], toPorts: https }] }),
    ),
  },
  good: {
    "peers and ports": only(policyWith({})),
    "[{}], which allows nothing": only(policyWith({ ingress: [{}], egress: [{}] })),
    "egress to world on a port": only(policyWith({ egress: [{ toEntities: ["world"], toPorts: tcp("53") }] })),
    "an ICMP type as the port": only(
      policyWith({ egress: [{ toEntities: ["world"], icmps: [{ fields: [{ type: 8 }] }] }] }),
    ),
    "a deny rule for everybody": only(policyWith({ egressDeny: [{ toEntities: ["all"] }] })),
    "the DNS rule for every name, which opens nothing by itself": only(clusterwideWith({})),
    ...Object.fromEntries(
      [
        "*.example.com",
        "**.example.com",
        "*.r2.cloudflarestorage.com",
        "*.githubusercontent.com",
        "*.pkg.dev",
        "a*.b.co.uk",
        "*.svc.cluster.local",
        "*.internal",
      ].map((matchPattern) => [
        `the pattern ${matchPattern}`,
        only(policyWith({ egress: [{ toFQDNs: [{ matchPattern }], toPorts: https }] })),
      ]),
    ),
    "what its config exempts": {
      ...only(policyWith({ egress: [{ toCIDR: ["0.0.0.0/0"], toPorts: https }] })),
      config: { "no-wide-open": { exemptions: [{ policy: "shop/web", reason: "mirrors" }] } },
    },
  },
});
