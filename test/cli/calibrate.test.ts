import assert from "node:assert/strict";
import { join } from "node:path";
import { type Decided, decided, decidedBy, flow, line, pod } from "../cilium/hubble/recorded.ts";
import { sample } from "../project.ts";
import { netpol as netpolIn, withoutBasis } from "./command.ts";
import { folderOf, shopPolicies } from "./folder.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);
const event = (port: number, more: Decided) => line(flow(web, api, port, { more: decided(more) }));
const allowed = event(9000, {
  direction: "egress",
  verdict: "FORWARDED",
  by: [decidedBy("CiliumNetworkPolicy shop/web")],
});
const dropped = event(9001, { direction: "egress", verdict: "DROPPED" });
const audited = event(9002, { direction: "egress", verdict: "AUDIT" });

function calibrate(lines: readonly string[], ...args: string[]) {
  const folder = folderOf({ "policies/shop.yaml": shopPolicies, "flows.json": lines.join("\n") });
  const paths = [join(folder, "flows.json"), "--from", join(folder, "policies")];
  return netpolIn(sample, "calibrate", ...paths, ...args);
}

describe("netpol calibrate", function () {
  this.timeout("1m");

  it("ends with 0 where every verdict is the one that Hubble recorded", () => {
    const { code, stdout } = calibrate([allowed, dropped]);
    assert.equal(code, 0);
    assert.match(stdout, /: 2 of 2 compared connections agree with what Hubble recorded \(100 %\)\n/);
    assert.match(withoutBasis(stdout), /what decided was recorded at 2 ends\n$/);
  });

  it("ends with 1 below --at-least, and says where and why", () => {
    const { code, stdout } = calibrate([allowed, dropped, audited]);
    assert.equal(code, 1);
    assert.match(stdout, /: 2 of 3 compared connections agree with what Hubble recorded \(66\.66 %\)\n/);
    assert.match(stdout, /\naudit mode: nothing is dropped there +1\n/);
    const row =
      /\nshop\/web +shop\/api +9002\/TCP +egress +audited +denied by default deny of shop\/web +audit mode: nothing is dropped there +1 /;
    assert.match(stdout, row);
    assert.equal(calibrate([allowed, dropped, audited], "--at-least", "66").code, 0);
  });

  it("ends with 2 where nothing can be compared, or the record is not whole", () => {
    const { code, stdout } = calibrate([allowed], "--cluster", "elsewhere");
    assert.equal(code, 2);
    assert.match(stdout, /: no connection of the record can be compared, 1 not compared\n/);
    assert.equal(calibrate([allowed, '{"flow":{']).code, 2);
  });

  it("ends with 2 where too much of the record cannot be read, and says by reason what", () => {
    const { code, stdout } = calibrate([allowed, dropped, "hello"]);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /\(100 %\), only 66\.66 % of the record was understood\n.*\nskipped: 1 lines that are no JSON\n/,
    );
  });

  it("gives everything as data", () => {
    const { stdout } = calibrate([allowed, dropped, audited], "-o", "json");
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      cluster: "default",
      compared: 3,
      agreeing: 2,
      record: { flows: 3, connections: 3, understoodPercent: 100 },
      disagreements: [{ source: "shop/web", port: "9002/TCP", causes: [{ kind: "audit-mode" }], connections: 1 }],
      notCompared: {},
    });
  });
});
