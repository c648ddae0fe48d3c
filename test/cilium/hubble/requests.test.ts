import assert from "node:assert/strict";
import { letsThrough, type RecordedRequest } from "../../../cilium/hubble/requests.ts";
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
