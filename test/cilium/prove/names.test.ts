import assert from "node:assert/strict";
import fc from "fast-check";
import { representativeNames } from "../../../cilium/prove/names.ts";
import { nameMatcher } from "../../../cilium/reach/compile/fqdn.ts";

const label = fc.constantFrom("a", "ab", "b", "*", "a*", "*b", "a*b", "**");
const pattern = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => labels.join("."))
  .map((text) => (text.includes("*") ? { matchPattern: text } : { matchName: text }));
const word = fc.array(fc.constantFrom("a", "b", "ab", "aab", "axb", "bb", "x"), { minLength: 1, maxLength: 4 });

describe("The names that stand for all", () => {
  it("are one for every way in which selectors select a name together", () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 4 }),
        fc.array(word, { maxLength: 30 }),
        (selectors, words) => {
          const matchers = selectors.map(nameMatcher);
          const selecting = (name: string): string => matchers.map((matches) => `${matches(name)}`).join();
          const known = new Set((representativeNames(selectors) ?? []).map(selecting));
          for (const name of words.map((labels) => labels.join("."))) {
            if (matchers.some((matches) => matches(name)))
              assert.ok(known.has(selecting(name)), `${name} of ${JSON.stringify(selectors)}`);
          }
        },
      ),
      { numRuns: 500, seed: 20261128 },
    );
  });

  it("are found once for the same selectors, which a search asks for over and over", () => {
    const selectors = () => [{ matchPattern: "*.example.com" }, { matchPattern: "api.*.com" }];
    assert.equal(representativeNames(selectors()), representativeNames(selectors()));
  });

  it("are few where names are many", () => {
    const selectors = Array.from({ length: 500 }, (_, i) => ({ matchName: `api-${i}.example.com` }));
    assert.equal(representativeNames(selectors)?.length, 500);
    assert.equal(representativeNames([...selectors, { matchPattern: "*.example.com" }])?.length, 501);
  });
});
