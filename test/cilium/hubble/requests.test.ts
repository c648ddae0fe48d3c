import assert from "node:assert/strict";
import type { RecordedPod } from "../../../cilium/hubble/end.ts";
import { lookupStore } from "../../../cilium/hubble/lookups.ts";
import { addRequest, letsThrough, type RecordedRequest, requestStore } from "../../../cilium/hubble/requests.ts";
import type { HttpRule } from "../../../cilium/policy/schema.ts";

const request: RecordedRequest = {
  method: "GET",
  path: "/stock/7?full",
  host: "api.till:8080",
  headers: new Map([["x-team", "till"]]),
};

describe("a recorded request", () => {
  const lists: Readonly<Record<string, readonly [HttpRule[], boolean | undefined]>> = {
    "no rule": [[], false],
    "a rule for everything": [[{}], true],
    "its method and path": [[{ method: "GET", path: "/stock/.*" }], true],
    "another method": [[{ method: "POST" }], false],
    "one of two rules": [[{ method: "POST" }, { path: "/stock/7.full" }], true],
    "a part of its method": [[{ method: "GE" }], false],
    "a part of its path": [[{ path: "/stock" }], false],
    "its path without the query": [[{ path: "/stock/7" }], false],
    "its host": [[{ host: "api[.]till:\\d+" }], true],
    "another host": [[{ host: "api" }], false],
    "a header that it has": [[{ headers: ["X-Team: till"] }], true],
    "the name of a header that it has": [[{ headers: ["X-Team"] }], true],
    "a header that was not recorded": [[{ headers: ["X-Other"] }], undefined],
    "another value of a header, which may be redacted": [[{ headers: ["X-Team: kiosk"] }], undefined],
    "a header that was not recorded, where another rule is certain": [
      [{ headers: ["X-Other"] }, { method: "GET" }],
      true,
    ],
    "a header that it is given if it lacks it": [[{ headerMatches: [{ name: "X-Other", mismatch: "ADD" }] }], true],
    "a header that decides by its value": [[{ headerMatches: [{ name: "X-Other", value: "a" }] }], undefined],
  };
  for (const [name, [rules, expected]] of Object.entries(lists)) {
    const outcome = expected === undefined ? "not decidable" : expected ? "let through" : "refused";
    it(`is ${outcome} by ${name}`, () => assert.equal(letsThrough(rules, request), expected));
  }
});

describe("The requests of a record", () => {
  it("are told apart up to a number of them, then by method and what the rules make of them", () => {
    const store = requestStore([{ path: "/orders/[0-9]+" }], 2);
    const end = { kind: "entity", key: "#0", entity: "host" } as const;
    const ends = { source: end, destination: end, port: 80 };
    const asked = { method: "GET", host: "shop", headers: new Map(), standsForMore: false, first: "", last: "" };
    for (const path of ["/orders/1", "/", "/orders/2", "/orders/3", "/orders/1", "/health", "/live"]) {
      addRequest(store.of({ ...ends, ...asked, path }), { ...ends, ...asked, path, passed: 1, refused: 0 });
    }
    assert.deepEqual(
      store.all().map(({ path, passed, standsForMore }) => [path, passed, standsForMore]),
      [
        ["/orders/1", 2, false],
        ["/", 1, false],
        ["/orders/2", 2, true],
        ["/health", 2, true],
      ],
    );
  });
});

const pod: RecordedPod = {
  ...({ kind: "pod", key: "#1", namespace: "shop", name: "web", isNamed: true, labels: {}, isIdentity: true } as const),
  ...{ namespaceLabels: undefined, serviceAccount: undefined, cluster: undefined },
};

describe("The look-ups of a record", () => {
  it("are kept as long as they were answered or refused, however many names are asked for", () => {
    const store = lookupStore(3);
    const names = Array.from({ length: 10 }, (_, i) => `${i}.example`);
    for (const [i, name] of names.entries()) {
      const lookup = store.of(pod, name, { first: "", last: "" });
      lookup[i % 5 === 0 ? "answered" : "failed"] += 1;
    }
    const kept = store.all().map(({ name }) => name);
    assert.ok(kept.includes("0.example") && kept.includes("5.example") && kept.length < 6, `${kept}`);
  });
});
