import assert from "node:assert/strict";
import {
  allNodes,
  anyPod,
  cidr,
  clusterwide,
  deny,
  everyPort,
  from,
  gateway,
  host,
  http,
  namespace,
  oneOf,
  podsOf,
  tcp,
  world,
} from "../../../cilium/language.ts";
import { faults } from "../../../cilium/model/check.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import type { OpenClusterwide } from "../../../cilium/model/clusterwide.ts";
import { Faults } from "../../../cilium/model/faults.ts";
import type { StatedFlow } from "../../../cilium/model/flow.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { defaultAgent, invalidities } from "../../../cilium/policy/validity.ts";
import { renderDocument } from "../../../cilium/render/document.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { sourceFile } from "../../../cilium/write/file.ts";
import { write } from "../../../cilium/write/write.ts";
import { ciliumPolicies, program } from "../../rendered.ts";

const ns = "io.kubernetes.pod.namespace";

function declare() {
  const wide = clusterwide();
  const online = wide.group("online", { labels: { egress: "world" } });
  const infra = wide.group("infra", { namespaces: oneOf("flux", "certs"), defaultDeny: "egress" });
  const everyNode = wide.nodes("every-node", { defaultDeny: "ingress" });
  const controllers = wide.nodes("controllers", { labels: { "node-role.kubernetes.io/control-plane": "" } });
  const shop = namespace("shop");
  const web = shop.workload("web", {
    labels: { app: "web" },
    otherLabels: { egress: "world" },
    ports: { http: http(80) },
  });
  return { wide, online, infra, everyNode, controllers, shop, web };
}

type Declared = ReturnType<typeof declare>;
type State = (declared: Declared) => StatedFlow[];

/** The cluster with flows stated in the clusterwide file and in that of shop. */
function stating(inWide: State, inShop: State = () => []) {
  const declared = declare();
  const { wide, shop, ...constants } = declared;
  const stated = { wide: wide.flows(() => inWide(declared)), shop: shop.flows(() => inShop(declared)) };
  const read = readCluster({ dns: false, clusterwide: stated.wide, namespaces: [stated.shop] });
  const cluster = configure(read, program.config);
  const policies = ciliumPolicies({ policies: renderPolicies(cluster) });
  const agent = { ...defaultAgent, nodeSelectorLabels: true };
  assert.deepEqual(
    policies.flatMap((policy) => invalidities(policy, agent)),
    [],
  );
  const text = 'import { clusterwide } from "../cilium/language.ts";';
  const file = sourceFile("cluster/clusterwide.ts", { default: stated.wide, ...constants }, text) ?? assert.fail();
  return {
    cluster,
    policyOf: (name: string) => policies.find(({ metadata }) => metadata.name === name) ?? assert.fail(name),
    written: () => write(read.clusterwide.statements, [file]).flatMap(({ flows }) => flows),
  };
}

const toPorts = (port: string) => [{ ports: [{ port, protocol: "TCP" }] }];

describe("A clusterwide group", () => {
  it("is pods of any namespace, and none of Cilium's own endpoints", () => {
    const { policyOf } = stating(({ online, infra }) => [from(online, infra).to(world.on(443))]);
    const { kind, metadata, spec } = policyOf("online");
    assert.deepEqual([kind, metadata], ["CiliumClusterwideNetworkPolicy", { name: "online" }]);
    assert.deepEqual(spec?.endpointSelector, {
      matchLabels: { egress: "world" },
      matchExpressions: [{ key: ns, operator: "Exists" }],
    });
    assert.deepEqual(policyOf("infra").spec?.endpointSelector, {
      matchExpressions: [{ key: ns, operator: "In", values: ["flux", "certs"] }],
    });
    assert.deepEqual(spec?.egress, [{ toEntities: ["world"], toPorts: toPorts("443") }]);
    assert.equal(policyOf("infra").spec?.ingress, undefined);
  });

  it("and a workload open both ends to each other", () => {
    const { policyOf } = stating(
      () => [],
      ({ web, online }) => [from(web).to(online.on(9000))],
    );
    const fromWeb = [{ matchLabels: { app: "web", [ns]: "shop" } }];
    assert.deepEqual(policyOf("online").spec?.ingress, [{ fromEndpoints: fromWeb, toPorts: toPorts("9000") }]);
    const toOnline = [{ matchLabels: { egress: "world" }, matchExpressions: [{ key: ns, operator: "Exists" }] }];
    assert.deepEqual(policyOf("web").spec?.egress, [{ toEndpoints: toOnline, toPorts: toPorts("9000") }]);
  });

  it("is opened by the sets of pods that include it", () => {
    const { policyOf } = stating(() => [
      from(gateway).to(anyPod.on(8080)),
      from(podsOf(oneOf("flux", "certs", "other"))).to(world.on(443)),
      from(podsOf({}, { egress: "world" })).to(cidr("192.0.2.0/24").on(22)),
    ]);
    const fromGateway = [{ fromEntities: ["ingress"], toPorts: toPorts("8080") }];
    for (const name of ["online", "web"]) assert.deepEqual(policyOf(name).spec?.ingress, fromGateway);
    assert.deepEqual(policyOf("infra").spec?.egress, [{ toEntities: ["world"], toPorts: toPorts("443") }]);
    assert.deepEqual(policyOf("online").spec?.egress, [{ toCIDR: ["192.0.2.0/24"], toPorts: toPorts("22") }]);
  });

  it("stands in the document, and its flows are written as they were stated", () => {
    const { cluster, written } = stating(({ online, everyNode, infra }) => [
      from(online).to(world.on(443)),
      from(gateway).to(everyNode.on(tcp(10250))),
      deny(infra).to(cidr("169.254.169.254/32").on(everyPort)),
    ]);
    assert.deepEqual(written(), [
      "from(online).to(world.on(443)),",
      "from(gateway).to(everyNode.on(10250)),",
      'deny(infra).to(cidr("169.254.169.254/32").on(everyPort)),',
    ]);
    const document = renderDocument(cluster, "docs");
    assert.match(document, /^## Clusterwide \(4 policies\)$/m);
    assert.match(document, /^\| \*\*online\*\* \(pods with egress=world\) \| \(none\) \| world:443 \|$/m);
    assert.match(document, /^\| \*\*every-node\*\* \(every node\) \| gateway → 10250 \| \(no default deny\) \|$/m);
  });
});

describe("Nodes with a policy", () => {
  it("are selected by their labels", () => {
    const { policyOf } = stating(({ everyNode }) => [from(world).to(everyNode.on(22))]);
    const { endpointSelector, nodeSelector, ingress, egress } = policyOf("every-node").spec ?? {};
    assert.deepEqual(
      { endpointSelector, nodeSelector, ingress, egress },
      {
        endpointSelector: undefined,
        nodeSelector: {},
        ingress: [{ fromEntities: ["world"], toPorts: toPorts("22") }],
        egress: undefined,
      },
    );
    assert.deepEqual(policyOf("controllers").spec?.nodeSelector, {
      matchLabels: { "node-role.kubernetes.io/control-plane": "" },
    });
  });

  it("and a workload open both ends to each other, as nodes by their entities or by their labels", () => {
    const { policyOf } = stating(
      ({ everyNode, web }) => [from(everyNode).to(web.http)],
      ({ web, controllers }) => [from(web).to(controllers.on(50000))],
    );
    assert.deepEqual(policyOf("web").spec?.ingress, [
      { fromEntities: ["host", "remote-node"], toPorts: toPorts("80") },
    ]);
    assert.deepEqual(policyOf("web").spec?.egress, [
      { toNodes: [{ matchLabels: { "node-role.kubernetes.io/control-plane": "" } }], toPorts: toPorts("50000") },
    ]);
    assert.deepEqual(policyOf("controllers").spec?.ingress, [
      { fromEndpoints: [{ matchLabels: { app: "web", [ns]: "shop" } }], toPorts: toPorts("50000") },
    ]);
  });

  it("are opened by the words for nodes too", () => {
    const { policyOf } = stating(
      () => [],
      ({ web }) => [from(web).to(allNodes.on(9100)), from(host).to(web.http)],
    );
    for (const name of ["every-node", "controllers"]) {
      assert.deepEqual(policyOf(name).spec?.ingress, [
        { fromEndpoints: [{ matchLabels: { app: "web", [ns]: "shop" } }], toPorts: toPorts("9100") },
      ]);
    }
    const toWeb = [{ matchLabels: { app: "web", [ns]: "shop" } }];
    assert.deepEqual(policyOf("controllers").spec?.egress, [{ toEndpoints: toWeb, toPorts: toPorts("80") }]);
    // It refuses nothing there.
    assert.equal(policyOf("every-node").spec?.egress, undefined);
  });
});

describe("What is clusterwide is refused", () => {
  const cases: [title: string, inWide: State, inShop: State, said: RegExp][] = [
    [
      "in another file",
      () => [],
      ({ online }) => [from(online).to(world.on(443))],
      /: flow clusterwide\/online → world: starts in the clusterwide file; state it there/,
    ],
    [
      "with another file's flow",
      ({ web }) => [from(web).to(world.on(443))],
      () => [],
      /: flow shop\/web → world: starts in shop; state it in that namespace's file/,
    ],
    [
      "with what nodes cannot tell",
      ({ everyNode }) => [
        from(world)
          .to(everyNode.on(http(80)))
          .carrying({ method: "GET" }),
      ],
      () => [],
      /clusterwide\/every-node are nodes, whose policies do not tell what connections carry/,
    ],
  ];
  for (const [title, inWide, inShop, said] of cases) {
    it(title, () => {
      assert.throws(
        () => stating(inWide, inShop),
        (error) => {
          assert.ok(error instanceof Faults);
          assert.equal(error.faults.length, 1, error.message);
          assert.match(error.message, said);
          return true;
        },
      );
    });
  }

  const declarations: [title: string, state: (wide: OpenClusterwide) => void, said: RegExp][] = [
    [
      "with a misspelt key",
      (wide) => wide.group("x", JSON.parse('{"label":{}}')),
      /^render\/clusterwide\.test\.ts:\d+: clusterwide\/x: label: there is no such key; did you mean labels\?$/,
    ],
    [
      "with namespaces that are none",
      (wide) => wide.group("x", { namespaces: JSON.parse("5") }),
      /clusterwide\/x: namespaces: write namespaces as "monitoring", oneOf\("a", "b"\)/,
    ],
    [
      "with a name that is none",
      (wide) => wide.nodes("Every Node"),
      /clusterwide\/Every Node: write a name of lower-case/,
    ],
  ];
  for (const [title, state, said] of declarations) {
    it(title, () => {
      const wide = clusterwide();
      state(wide);
      assert.throws(() => readCluster({ dns: false, clusterwide: wide.flows(() => []), namespaces: [] }), {
        name: "Faults",
        message: said,
      });
    });
  }

  it("with the name of the policy by which all pods resolve names, or a name twice", () => {
    const wide = clusterwide();
    wide.group("allow-dns");
    wide.nodes("x");
    wide.group("x");
    const found = faults(configure(readCluster({ clusterwide: wide.flows(() => []), namespaces: [] }), program.config));
    assert.deepEqual(found, [
      "clusterwide/x is declared twice; a name belongs to one policy",
      "clusterwide/allow-dns is called like the policy by which all pods resolve names; give it another name",
    ]);
  });
});
