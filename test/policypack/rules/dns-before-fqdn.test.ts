import assert from "node:assert/strict";
import { clusterwideWith, describeRule, only, policyWith, refused, tcp } from "../cases.ts";
import { judgeStack, register } from "../registration.ts";

const dns = clusterwideWith({});
const toName = (matchName: string) => [{ toFQDNs: [{ matchName }], toPorts: tcp("443") }];
const toPattern = (matchPattern: string) => [{ toFQDNs: [{ matchPattern }], toPorts: tcp("443") }];
const dnsFor = (...names: string[]) =>
  clusterwideWith({
    egress: [
      {
        toEndpoints: [{ matchLabels: { "k8s-app": "kube-dns", "io.kubernetes.pod.namespace": "kube-system" } }],
        toPorts: [
          { ports: [{ port: "53", protocol: "UDP" }], rules: { dns: names.map((matchPattern) => ({ matchPattern })) } },
        ],
      },
    ],
  });

describeRule("dns-before-fqdn", {
  bad: {
    "a name where the stack has no DNS rule": refused(
      /egress\[0\]\.toFQDNs\[0\]\.matchName: a\.example\.com never matches: no DNS rule applies/,
      policyWith({ egress: toName("a.example.com") }),
    ),
    "a name that the DNS rule does not let through": refused(
      /no DNS rule of these pods lets it through/,
      dnsFor("*.example.org"),
      policyWith({ egress: toName("a.example.com") }),
    ),
    "the apex where the DNS rule has a wildcard": refused(
      /example\.com never matches/,
      dnsFor("*.example.com"),
      policyWith({ egress: toName("example.com") }),
    ),
    "a pattern of any depth where the DNS rule has one label": refused(
      /matchPattern: \*\*\.example\.com/,
      dnsFor("*.example.com"),
      policyWith({ egress: toPattern("**.example.com") }),
    ),
    "a name where the DNS rule is for another namespace": refused(
      /no DNS rule applies/,
      clusterwideWith({ endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "other" } } }),
      policyWith({ egress: toName("a.example.com") }),
    ),
    "a name where lookups are allowed past the proxy": refused(
      /no DNS rule applies/,
      clusterwideWith({ egress: [{ toEntities: ["cluster"], toPorts: tcp("53") }] }),
      policyWith({ egress: toName("a.example.com") }),
    ),
  },
  good: {
    "names and patterns with a DNS rule for all": only(
      dns,
      policyWith({ egress: [...toName("a.example.com"), ...toPattern("*.example.com")] }),
    ),
    "a name with a DNS rule for its domain": only(
      dnsFor("*.example.com"),
      policyWith({ egress: toName("a.example.com") }),
    ),
    "any depth with a DNS rule of any depth": only(
      dnsFor("**.example.com"),
      policyWith({ egress: toPattern("**.example.com") }),
    ),
    "a DNS rule in the policy itself": only(
      policyWith({
        egress: [
          ...toName("a.example.com"),
          {
            toEndpoints: [{ matchLabels: { "k8s-app": "kube-dns" } }],
            toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchName: "a.example.com" }] } }],
          },
        ],
      }),
    ),
    "no names, no DNS rule": only(policyWith({})),
  },
});

describe("The rule dns-before-fqdn, about the order of registration", () => {
  const policy = policyWith({ egress: toName("a.example.com") });

  it("refuses a policy with names that is registered before its DNS policy", () => {
    assert.deepEqual(
      register([policy, dns]).map(({ rule }) => rule),
      ["dns-before-fqdn"],
    );
  });

  it("takes any order at the end of a stack", () => {
    assert.deepEqual(judgeStack([policy, dns]), []);
  });
});
