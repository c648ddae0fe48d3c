import assert from "node:assert/strict";
import { clusterwideWith, describeRule, only, policyWith, refused, tcp } from "../cases.ts";
import { judgeStack } from "../registration.ts";

const client = (
  egress: Parameters<typeof policyWith>[0]["egress"],
  labels: Record<string, string> = { app: "client" },
) => policyWith({ endpointSelector: { matchLabels: labels }, egress }, { name: "client" });
const toWeb = (port: string) => [{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: tcp(port) }];
const fromClient = (port: string) => [{ fromEndpoints: [{ matchLabels: { app: "client" } }], toPorts: tcp(port) }];
const range = [{ ports: [{ port: "8000", endPort: 8100, protocol: "TCP" as const }] }];
const web = (ingress: Parameters<typeof policyWith>[0]["ingress"]) => policyWith({ ingress });

describeRule("both-ends-open", {
  bad: {
    "a flow that the server does not open": refused(
      /shop\/client egress\[0\]\.toPorts\[0\]: opens 8080 for shop\/web, whose ingress is closed/,
      web([{}]),
      client(toWeb("8080")),
    ),
    "a flow that the client does not open": refused(
      /shop\/client egress: is closed for 8080, which shop\/web ingress\[0\]\.toPorts\[0\] opens/,
      web(fromClient("8080")),
      client([{}]),
    ),
    "another port at the other end": refused(/opens 8081/, web(fromClient("8080")), client(toWeb("8081"))),
    "a range of which the client has one port": refused(
      /opens 8000-8100/,
      client(toWeb("8080")),
      web([{ fromEndpoints: [{ matchLabels: { app: "client" } }], toPorts: range }]),
    ),
    "another protocol at the other end": refused(
      /opens 8080/,
      web(fromClient("8080")),
      client([
        { toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: [{ ports: [{ port: "8080", protocol: "UDP" }] }] },
      ]),
    ),
    "a peer in the wrong namespace": refused(
      /other\/web/,
      policyWith({ ingress: fromClient("8080") }, { namespace: "other" }),
      client([
        {
          toEndpoints: [{ matchLabels: { app: "web", "io.kubernetes.pod.namespace": "other" } }],
          toPorts: tcp("8080"),
        },
      ]),
    ),
    "one of several clients forgotten": refused(
      /opens 8080/,
      web([{ fromEndpoints: [{ matchLabels: { app: "a" } }], toPorts: tcp("8080") }]),
      policyWith(
        {
          endpointSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["a", "b"] }] },
          egress: toWeb("8080"),
        },
        { name: "clients" },
      ),
    ),
    "a deny rule at the other end": refused(
      /opens 8080/,
      policyWith({
        ingress: fromClient("8080"),
        ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: "client" } }] }],
      }),
      client(toWeb("8080")),
    ),
    "a port name that the other end does not know": refused(
      /opens http/,
      web(fromClient("metrics")),
      client(toWeb("http")),
    ),
    "a flow without protocol that the server opens on none": refused(
      /opens 8080 for shop\/web, whose ingress is closed for it\./,
      web([{}]),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: [{ ports: [{ port: "8080" }] }] }]),
    ),
    "every port to a server that opens none": refused(
      /opens every port for shop\/web/,
      web([{}]),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }] }]),
    ),
    "a server that lets in only some of the client's pods, which it says": refused(
      /opens 8080 for shop\/web, whose ingress is closed for it, from any pod of shop with app=client without tier=front\./,
      web([{ fromEndpoints: [{ matchLabels: { app: "client", tier: "front" } }], toPorts: tcp("8080") }]),
      client(toWeb("8080")),
    ),
    "a server that lets in pods with one value of a label that the client's only have to have": refused(
      /from any pod of shop with app=client with tier without tier=front\./,
      web([{ fromEndpoints: [{ matchLabels: { app: "client", tier: "front" } }], toPorts: tcp("8080") }]),
      policyWith(
        {
          endpointSelector: {
            matchLabels: { app: "client" },
            matchExpressions: [{ key: "tier", operator: "Exists" }],
          },
          egress: toWeb("8080"),
        },
        { name: "client" },
      ),
    ),
    "a server whose rule is about some of its pods only": refused(
      /opens 8080 for shop\/web, whose ingress is closed for it, to any pod of shop with app=web,tier=back\./,
      policyWith({
        endpointSelector: { matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "Exists" }] },
        ingress: [{}],
      }),
      policyWith(
        {
          endpointSelector: {
            matchLabels: { app: "web" },
            matchExpressions: [{ key: "tier", operator: "NotIn", values: ["back"] }],
          },
          ingress: fromClient("8080"),
        },
        { name: "web-but-back" },
      ),
      client(toWeb("8080")),
    ),
    "a port that the server denies to all of the client's pods": refused(
      /opens 8080/,
      policyWith({
        ingress: fromClient("8080"),
        ingressDeny: [{ fromEndpoints: [{}], toPorts: tcp("8080") }],
      }),
      client(toWeb("8080")),
    ),
    "the server that is registered later": refused(
      /shop\/web ingress: is closed for 8080, which shop\/client egress\[0\]/,
      client(toWeb("8080")),
      web([{}]),
    ),
  },
  good: {
    "a deny rule for pods that somebody has marked": only(
      policyWith({
        ingress: fromClient("8080"),
        ingressDeny: [{ fromEndpoints: [{ matchLabels: { quarantine: "yes" } }] }],
      }),
      client(toWeb("8080")),
    ),
    "a rule that leaves out pods which somebody has marked": only(
      web([
        {
          fromEndpoints: [
            { matchLabels: { app: "client" }, matchExpressions: [{ key: "own-rules", operator: "DoesNotExist" }] },
          ],
          toPorts: tcp("8080"),
        },
      ]),
      client(toWeb("8080")),
    ),
    "a policy that is stricter with pods which somebody has marked": only(
      policyWith({ ingress: undefined }),
      client(toWeb("8080")),
      policyWith({ endpointSelector: { matchLabels: { hardened: "yes" } } }, { name: "hardened" }),
    ),
    "a flow without protocol that the server opens on one": only(
      web(fromClient("8080")),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: [{ ports: [{ port: "8080" }] }] }]),
    ),
    "a flow that both open": only(web(fromClient("8080")), client(toWeb("8080"))),
    "a range that both open": only(
      web([{ fromEndpoints: [{ matchLabels: { app: "client" } }], toPorts: range }]),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: range }]),
    ),
    "a deny rule, which opens nothing": only(
      web([{}]),
      policyWith(
        {
          endpointSelector: { matchLabels: { app: "client" } },
          egress: [{}],
          egressDeny: [{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: tcp("8080") }],
        },
        { name: "client" },
      ),
    ),
    "a server that no policy selects": only(client(toWeb("8080"))),
    "a server that governs egress only": only(policyWith({ ingress: undefined }), client(toWeb("8080"))),
    "a server whose default deny is off": only(
      policyWith({ ingress: [{}], enableDefaultDeny: { ingress: false } }),
      client(toWeb("8080")),
    ),
    "a server that lets the whole cluster in": only(
      web([{ fromEntities: ["cluster"], toPorts: tcp("8080") }]),
      client(toWeb("8080")),
    ),
    "a server that lets everybody in": only(web([{ fromEntities: ["all"] }]), client(toWeb("8080"))),
    "a flow that the client itself denies": only(
      web([{}]),
      policyWith(
        {
          endpointSelector: { matchLabels: { app: "client" } },
          egress: toWeb("8080"),
          egressDeny: [{ toEndpoints: [{ matchLabels: { app: "web" } }] }],
        },
        { name: "client" },
      ),
    ),
    "a port by its name at one end and by its number at the other": only(
      web(fromClient("http")),
      client(toWeb("8080")),
    ),
    "every port at one end and one at the other": only(
      web(fromClient("8080")),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }] }]),
    ),
    "a range that two rules make up at the other end": only(
      web([
        ...fromClient("8000"),
        { ...fromClient("8001")[0], toPorts: [{ ports: [{ port: "8001", endPort: 8100 }] }] },
      ]),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: range }]),
    ),
    "a peer that the engine cannot decide about": only(
      web(fromClient("8080")),
      client([{ toServices: [{ k8sService: { serviceName: "web", namespace: "shop" } }], toPorts: tcp("8080") }]),
    ),
    "a clusterwide policy for one end": only(
      clusterwideWith({
        endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "shop", app: "client" } },
        egress: [
          {
            toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "shop", app: "web" } }],
            toPorts: tcp("8080"),
          },
        ],
      }),
      web(fromClient("8080")),
      client([{}]),
    ),
    "replicas that talk to each other": only(
      policyWith({
        ingress: [{ fromEndpoints: [{ matchLabels: { app: "web" } }], toPorts: tcp("7946") }],
        egress: toWeb("7946"),
      }),
    ),
  },
});

describe("The rule both-ends-open, at the end of a stack", () => {
  const halfOpen = [web([{}]), client(toWeb("8080"))];

  it("refuses a half-open flow whatever the order", () => {
    for (const resources of [halfOpen, halfOpen.toReversed()]) {
      assert.deepEqual(
        judgeStack(resources).map(({ rule }) => rule),
        ["both-ends-open"],
      );
    }
  });

  it("refuses a flow to pods that are described by more than their policy asks for", () => {
    const toFront = [{ toEndpoints: [{ matchLabels: { app: "web", tier: "front" } }], toPorts: tcp("8080") }];
    const [violation, ...more] = judgeStack([web([{}]), client(toFront)]);
    assert.match(violation?.message ?? "", /^shop\/client egress\[0\]\.toPorts\[0\]: opens 8080 for shop\/web/);
    assert.deepEqual(more, []);
    const open = web([{ fromEntities: ["cluster"], toPorts: tcp("8080") }]);
    assert.deepEqual(judgeStack([open, client(toFront)]), []);
  });

  it("says it once, at the policy that opens it", () => {
    const [violation, ...more] = judgeStack(halfOpen);
    assert.match(violation?.message ?? "", /^shop\/client egress/);
    assert.deepEqual(more, []);
  });
});
