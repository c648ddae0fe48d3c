import assert from "node:assert/strict";
import { loadAll } from "js-yaml";
import { type Policy, policy } from "../../cilium/policy/schema.ts";
import type { Inventory } from "../../cilium/reach/compile/inventory.ts";
import { certain, flowsOf } from "../../cli/flows.ts";
import type { Picture, PictureFlow } from "../../map/picture.ts";
import { reachPicture, type Version } from "../../map/reach.ts";
import { shopPolicy } from "../cli/folder.ts";

const endpoint = (name: string) => ({ namespace: "shop", name, labels: { app: name } });
const shop = (...names: string[]): Inventory => ({
  cluster: "default",
  endpoints: names.map(endpoint),
  nodes: [],
  names: [],
});

function version(title: string, yaml: string, inventory: Inventory): Version {
  const policies: Policy[] = loadAll(yaml).map((document) => policy.parse(document));
  return { title, policies, inventory };
}

const pictureOf = (version: Version, before?: Version): Picture =>
  reachPicture(version, flowsOf(version).map(certain), before, () => "");

const toNames = (names: string[], port: string) =>
  `{toFQDNs: [${names.map((name) => `{matchName: ${name}}`).join(", ")}], toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]}`;
const toWorld = (port: string) => `{toEntities: [world], toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]}`;
const lookups =
  '{toEntities: [cluster], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}';
const egress = (name: string, ...rules: string[]) =>
  shopPolicy(name, `ingress: [{}]\negress: [${[lookups, ...rules].join(", ")}]`);
const calls = (from: string, to: string, port: string) =>
  shopPolicy(
    from,
    `ingress: [{}]\negress: [{toEndpoints: [{matchLabels: {app: ${to}}}], toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]}]`,
  ) +
  shopPolicy(
    to,
    `egress: [{}]\ningress: [{fromEndpoints: [{matchLabels: {app: ${from}}}], toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]}]`,
  );

const told = (flows: readonly PictureFlow[]) =>
  flows.map(({ from, to, ports, change }) => `${change} ${from} → ${to}:${ports.join(",")}`);

describe("the picture of any policies", () => {
  it("shows what the policies allow at both ends, and which policies select a workload", () => {
    const { flows, peers } = pictureOf(version("shop", calls("web", "api", "80"), shop("web", "api")));
    assert.ok(told(flows).includes("same shop/web → shop/api:80/TCP"));
    const web = peers.find(({ id }) => id === "shop/web");
    assert.deepEqual(web?.kind === "workload" && web.policies, ["shop/web"]);
  });

  it("shows policies of Kubernetes' own kinds beside Cilium's, of the same name too", () => {
    const networkPolicy = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
`;
    const { peers, policies } = pictureOf(
      version("shop", calls("web", "api", "80") + networkPolicy, shop("web", "api")),
    );
    const names = ["shop/web", "NetworkPolicy shop/web"];
    const web = peers.find(({ id }) => id === "shop/web");
    assert.deepEqual(web?.kind === "workload" && web.policies, names);
    assert.deepEqual(
      policies.flatMap(({ name }) => (names.includes(name) ? [name] : [])),
      names,
    );
  });

  it("keeps names together that stand together in the rules", () => {
    const policies =
      egress("web", toNames(["a.example", "b.example"], "443")) + egress("api", toNames(["c.example"], "443"));
    const { peers } = pictureOf(version("shop", policies, shop("web", "api")));
    const outside = peers.filter(({ kind, names }) => kind === "outside" && names.length > 0);
    assert.deepEqual(
      outside.map(({ label, names }) => [label, names]),
      [
        ["a.example +1", ["a.example", "b.example"]],
        ["c.example", ["c.example"]],
      ],
    );
  });

  it("says once that a workload reaches the whole world, not again for each name", () => {
    const policies = egress("web", toWorld("443")) + egress("api", toNames(["c.example"], "443"));
    const { flows } = pictureOf(version("shop", policies, shop("web", "api")));
    const leaving = told(flows).filter((text) => text.includes("443"));
    assert.deepEqual(leaving.sort(), ["same shop/api → c.example:443/TCP", "same shop/web → world:443/TCP"]);
  });

  it("tells ports that opened from ports that closed, and workloads that came from those that went", () => {
    const before = version("before", calls("web", "api", "80"), shop("web", "api", "old"));
    const after = version("after", calls("web", "api", "81"), shop("web", "api", "fresh"));
    const { flows, peers, comparison } = pictureOf(after, before);
    const between = told(flows).filter((text) => text.includes("shop/web → shop/api"));
    assert.deepEqual(between.sort(), ["gone shop/web → shop/api:80/TCP", "new shop/web → shop/api:81/TCP"]);
    const changed = peers.filter(({ change }) => change !== "same").map(({ id, change }) => `${change} ${id}`);
    assert.deepEqual(changed.sort(), ["gone shop/old", "new shop/fresh"]);
    assert.deepEqual(comparison, {
      title: "before",
      summary: "1 workload added, 1 workload removed, 15 flows closed, 15 flows opened",
    });
  });

  it("tells the part of a range of ports that closed from the part that stays", () => {
    const ranged = (end: number) => calls("web", "api", "8000").replaceAll('"8000",', `"8000", endPort: ${end},`);
    const [before, after] = [8090, 8085].map((end) => version(`${end}`, ranged(end), shop("web", "api")));
    assert.ok(before !== undefined && after !== undefined);
    const { flows, comparison } = pictureOf(after, before);
    assert.deepEqual(
      told(flows).filter((text) => text.includes("shop/web → shop/api")),
      ["same shop/web → shop/api:8000-8085/TCP", "gone shop/web → shop/api:8086-8090/TCP"],
    );
    assert.equal(comparison?.summary, "1 flow closed");
  });

  it("says what else than ports changes, and which pods enter and leave default deny", () => {
    const rules = (http: string) =>
      shopPolicy(
        "web",
        `egress: [{}]\ningress: [{fromEntities: [ingress], toPorts: [{ports: [{port: "80", protocol: TCP}]${http}}]}]`,
      );
    const before = version("before", rules(""), shop("web", "api"));
    const after = version(
      "after",
      `${rules(", rules: {http: [{method: GET}]}")}${calls("api", "api", "80")}`,
      shop("web", "api"),
    );
    const { flows, peers } = pictureOf(after, before);
    assert.deepEqual(
      flows.flatMap(({ from, to, ports, conditions, change }) =>
        to === "shop/web" && from === "gateway" ? [{ ports, conditions, change }] : [],
      ),
      [{ ports: ["80/TCP"], conditions: ["now passes L7 HTTP: GET"], change: "changed" }],
    );
    assert.deepEqual(
      peers.flatMap(({ id, note }) => (note === undefined ? [] : [`${id} ${note}`])),
      ["shop/api enters default deny in both directions"],
    );
  });

  it("finds no change where rules are only written otherwise", () => {
    const one = version("one", egress("web", toNames(["a.example", "b.example"], "443")), shop("web"));
    const two = version(
      "two",
      egress("web", toNames(["b.example"], "443"), toNames(["a.example"], "443")),
      shop("web"),
    );
    const { flows } = pictureOf(two, one);
    assert.deepEqual([...new Set(flows.map(({ change }) => change))], ["same"]);
  });
});
