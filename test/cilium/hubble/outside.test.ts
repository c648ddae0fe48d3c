import assert from "node:assert/strict";
import { outsideReader } from "../../../cilium/hubble/outside.ts";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { nothingApart } from "../../../cilium/hubble/sums.ts";
import { repeats } from "../../../cilium/hubble/uuids.ts";
import { parsePrefix } from "../../../cilium/policy/cidr.ts";
import { flow, line, outside, pod } from "./recorded.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const range = (address: string) => address.slice(0, address.indexOf("."));

describe("Addresses outside the cluster", () => {
  it("are told apart up to a number of them, then by what policies see of them", () => {
    const reader = outsideReader(range, 2);
    const keys = ["1.0.0.1", "2.0.0.1", "1.0.0.2", "1.0.0.3", "2.0.0.2", "1.0.0.1"].map(
      (address) => reader.at(address, false).key,
    );
    assert.deepEqual(keys, ["1.0.0.1", "2.0.0.1", "like 1.0.0.2", "like 1.0.0.2", "like 2.0.0.2", "1.0.0.1"]);
    assert.equal(reader.at("1.0.0.9", false).standsForMore, true);
    assert.equal(reader.at("1.0.0.1", false).standsForMore, false);
    assert.equal(reader.at("9.9.9.9", true).standsForMore, false, "an API server is always one of its own");
  });

  it("keep the names that their own event tells where there is no room for more", () => {
    const seen: string[][] = [];
    const reader = outsideReader((_, names) => {
      seen.push([...names]);
      return [...names].join();
    }, 1);
    reader.learn("1.0.0.1", ["One.example."]);
    reader.at("1.0.0.1", false);
    reader.learn("1.0.0.2", ["two.example"]);
    assert.equal(reader.at("1.0.0.2", false).key, "like 1.0.0.2");
    assert.equal(reader.at("1.0.0.3", false).key, "like 1.0.0.3");
    assert.deepEqual(seen, [["two.example"], []]);
    assert.deepEqual([...(reader.names.get("1.0.0.2") ?? [])], ["two.example"]);
    assert.deepEqual([...(reader.names.get("1.0.0.1") ?? [])], ["one.example"]);
  });

  it("make as many connections as policies tell apart, however many there are", () => {
    const prefixes = ["1.0.0.0/8", "2.0.0.0/8"].flatMap((cidr) => parsePrefix(cidr) ?? []);
    const reader = recordReader({ distinctions: { ...nothingApart, prefixes } });
    const addresses = Array.from(
      { length: 30_000 },
      (_, i) => `${1 + (i % 3)}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    );
    for (const address of addresses) reader.add(line(flow(web, outside(address), 443)));
    const { connections, flows } = reader.record();
    assert.equal(flows, 30_000);
    assert.equal(connections.length, 20_003);
    assert.equal(
      connections.reduce((sum, { passed }) => sum + passed, 0),
      30_000,
    );
  });
});

describe("The uuids of events", () => {
  const uuid = (number: number) =>
    `${((number * 2_654_435_761) >>> 0).toString(16).padStart(8, "0")}-0000-4${(number % 4096).toString(16).padStart(3, "0")}-8abc-000000000000`;

  it("tell which were read before, of the last ones at least", () => {
    const { isRepeated } = repeats(1000);
    const all = Array.from({ length: 5000 }, (_, i) => uuid(i));
    assert.deepEqual(all.filter(isRepeated), []);
    assert.equal(all.slice(-1000).every(isRepeated), true);
    assert.equal(isRepeated(all[0]), false, "it is too long ago");
  });

  it("tell it as fast where they begin with a number that counts up", function () {
    this.timeout("5s");
    const { isRepeated } = repeats(90_000);
    const counted = (i: number) => `${i.toString(16).padStart(8, "0")}-0000-7000-8abc-000000000000`;
    for (let i = 0; i < 300_000; i++) assert.equal(isRepeated(counted(i)), false);
  });

  it("tell nothing where there is none", () => {
    const { isRepeated } = repeats();
    assert.deepEqual(["", undefined, null, "17", "17"].map(isRepeated), [false, false, false, false, false]);
  });
});
