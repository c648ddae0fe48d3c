import assert from "node:assert/strict";
import fc from "fast-check";
import type { HttpRule } from "../../../cilium/policy/schema.ts";
import { requestBeyond } from "../../../cilium/prove/requests.ts";

const seed = Number(process.env.SEED ?? 20261128);

const rule: fc.Arbitrary<HttpRule> = fc.record(
  {
    method: fc.constantFrom("GET", "POST", "GET|POST", "(GET|PUT)", "P.*", "[GP]ET", ".*"),
    path: fc.constantFrom(
      "/a",
      "/a/.*",
      "/a.*",
      "/(a|b)",
      "/a|/b",
      "(/a|/b/.*)",
      "^/a$",
      "/a\\.b",
      "/a.b",
      "/[ab]",
      "/.*",
      "/a+",
    ),
    host: fc.constantFrom("a.org", "a\\.org", ".*"),
    headers: fc.constant(["X-Ok: 1"]),
  },
  { requiredKeys: [] },
);

const rules = fc.array(rule, { minLength: 1, maxLength: 3 });

const grid = ["GET", "POST", "PUT", "PET", "DELETE"].flatMap((method) =>
  ["/", "/a", "/b", "/a/", "/a/x", "/ab", "/aa", "/b/x", "/a.b", "/axb", "/other"].flatMap((path) =>
    [undefined, "a.org", "axorg", "b.org"].flatMap((host) =>
      [false, true].map((isMarked) => ({ method, path, host, isMarked })),
    ),
  ),
);

type Request = (typeof grid)[number];

const isMatch = (expression: string | null | undefined, text: string | undefined): boolean =>
  !expression || (text !== undefined && new RegExp(`^(?:${expression})$`).test(text));

const passes = (all: readonly HttpRule[], { method, path, host, isMarked }: Request): boolean =>
  all.some(
    (one) =>
      isMatch(one.method, method) && isMatch(one.path, path) && isMatch(one.host, host) && (!one.headers || isMarked),
  );

describe("The requests that HTTP rules let through", () => {
  it("are found where one set lets through what another does not, and there are none where it is said so", () => {
    const counts = { none: 0, some: 0, unknown: 0 };
    fc.assert(
      fc.property(rules, rules, (first, second) => {
        const found = requestBeyond(first, second);
        if (found === "unknown") {
          counts.unknown++;
          return;
        }
        if (found === undefined) {
          counts.none++;
          const missed = grid.find((request) => passes(second, request) && !passes(first, request));
          assert.equal(missed, undefined);
          return;
        }
        counts.some++;
        const [, method = "", path = "", host, headers] = /^(\S+) (\S*?)(?: of (\S+))?( with .*)?$/.exec(found) ?? [];
        const request = { method, path, host, isMarked: headers !== undefined };
        assert.ok(passes(second, request) && !passes(first, request), found);
      }),
      { numRuns: 5000, seed },
    );
    console.log(`      seed ${seed}:`, counts);
    assert.ok(counts.none > 200 && counts.some > 2000 && counts.unknown < 1000, JSON.stringify(counts));
  });

  for (const [first, second, beyond] of [
    ["/api/.*", "/api/v1/.*", undefined],
    ["/api/v1/.*", "/api/.*", "GET /api/"],
    ["/(a|b)", "/a|/b", undefined],
    ["(/a|/b)", "/a|/b", undefined],
    ["/a\\.b", "/a.b", "GET /axb"],
    ["/a(b|c)?", "/(a|ab|ac)", "unknown"],
    ["/a(b|c)?", "/a|/ab", undefined],
  ] as const) {
    it(`of ${second} beyond ${first} are ${beyond ?? "none"}`, () => {
      assert.equal(requestBeyond([{ path: first }], [{ path: second }]), beyond);
    });
  }

  it("of several rules are none beyond one that says them all", () => {
    const each = ["GET", "HEAD"].map((method) => ({ method, path: "/a" }));
    assert.equal(requestBeyond([{ method: "GET|HEAD", path: "/a.*" }], each), undefined);
    assert.equal(requestBeyond(each, [{ method: "GET|HEAD", path: "/a" }]), undefined);
    assert.equal(requestBeyond(each, [{ method: "PUT|DELETE", path: "/a" }]), "PUT /a");
  });
});
