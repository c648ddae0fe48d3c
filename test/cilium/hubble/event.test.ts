import assert from "node:assert/strict";
import fc from "fast-check";
import { type HubbleEvent, readEvent } from "../../../cilium/hubble/event.ts";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { apiServer, flow, gateway, line, pod } from "./recorded.ts";

/** The kind of the event in a line; a line that is no JSON is none. */
const read = (line: string) => readEvent(JSON.parse(line));

const recorded = flow(gateway, pod({ namespace: "argocd", name: "server", labels: { app: "server" } }), 8080);

describe("a line of a Hubble record", () => {
  const forms: Readonly<Record<string, readonly [string, HubbleEvent["kind"]]>> = {
    "a flow in its wrapper": [line(recorded), "flow"],
    "a bare flow, as -o json prints it": [JSON.stringify(recorded), "flow"],
    "a flow with fields that no version has yet": [
      line({ ...recorded, novelty: { deep: [1] }, source: { novelty: 1, ...apiServer.endpoint } }),
      "flow",
    ],
    "a flow with nothing in it, after a narrow field mask": ['{"flow":{},"node_name":"worker-1"}', "flow"],
    "an enum value that the writer had no name for": [line({ ...recorded, verdict: 99 }), "flow"],
    "null for absent fields": [line({ ...recorded, l7: null, is_reply: null, source: null }), "flow"],
    "lost events": ['{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"12"}}', "lost-events"],
    "lost events without a wrapper": ['{"source":"PERF_EVENT_RING_BUFFER","num_events_lost":"3"}', "lost-events"],
    "a node that is gone": [
      '{"node_status":{"state_change":"NODE_UNAVAILABLE","node_names":["worker-2"]}}',
      "nodes-missing",
    ],
    "a node that is there": ['{"node_status":{"state_change":"NODE_CONNECTED","node_names":["worker-2"]}}', "other"],
    "an event of the agent": ['{"agent_event":{"type":"AGENT_STARTED"},"node_name":"worker-1"}', "other"],
    "lost events in camel case": ['{"source":"PERF_EVENT_RING_BUFFER","numEventsLost":"3"}', "lost-events"],
    "a line of another program's log": ['{"level":"info","msg":"Configuring Hubble event exporter"}', "other"],
    "a flow in an envelope that nobody knows": [JSON.stringify({ body: { text: line(recorded) } }), "malformed"],
    "a flow whose fields are named by their paths": [
      '{"flow.verdict":"FORWARDED","flow.l4.TCP.destination_port":80}',
      "malformed",
    ],
    "a flow whose port is a text": [line({ ...recorded, l4: { TCP: { destination_port: "http" } } }), "malformed"],
    "no object": ["[]", "malformed"],
  };
  for (const [name, [text, kind]] of Object.entries(forms)) {
    it(`is read: ${name}`, () => assert.equal(read(text).kind, kind));
  }

  it("says how many events were lost, which protobuf writes as a text", () => {
    assert.deepEqual(read('{"lost_events":{"num_events_lost":"12"}}'), { kind: "lost-events", lost: 12 });
  });

  it("is read alike with numbers for enums and with the fields' names in camel case", () => {
    const dropped = { ...recorded, verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED", is_reply: false };
    const numbers = {
      ...dropped,
      verdict: 2,
      drop_reason_desc: 133,
      Type: 1,
      trace_observation_point: 3,
      trace_reason: 1,
    };
    const expected = { ...numbers, traffic_direction: 2 };
    assert.deepEqual(read(line(expected)), read(line(dropped)));
    const camelCase = line(dropped).replace(/"([a-z]+(?:_[a-z]+)+)":/g, (_, name: string) => {
      return `"${name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())}":`;
    });
    assert.match(camelCase, /"isReply":false/);
    assert.deepEqual(read(camelCase), read(line(dropped)));
  });

  it("has the time and the node of its wrapper where it has none of its own", () => {
    const { time, node_name, ...bare } = { time: "", node_name: "", ...recorded };
    const event = read(line(bare));
    assert.partialDeepStrictEqual(event, {
      kind: "flow",
      flow: { time: "2026-11-24T21:00:00.000000001Z", node_name: "default/worker-1" },
    });
  });

  it("never makes the reader throw, whatever JSON it is", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string(), arbitraryFlow().map(line))), (lines) => {
        const reader = recordReader();
        for (const text of lines) reader.add(text);
        const { flows, leftOut, notJudged, connections } = reader.record();
        const counted = [...leftOut.values(), ...notJudged.values()].reduce((sum, count) => sum + count, 0);
        const judged = connections.reduce((sum, { passed, dropped }) => sum + passed + dropped, 0);
        assert.equal(judged + counted, flows, "every flow is judged, left out or counted as not judged");
      }),
      { numRuns: 500 },
    );
  });
});

/** A flow in which any field may be missing, null, or something else. */
function arbitraryFlow(): fc.Arbitrary<object> {
  const fields = Object.entries({ ...recorded, l7: { dns: { query: "a.example.", ips: ["192.0.2.1"] } } });
  const changed = fields.map(([key, value]) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constant([key, value]) },
      fc.jsonValue().map((other) => [key, other]),
      fc.constant([]),
    ),
  );
  return fc.tuple(...changed).map((entries) => Object.fromEntries(entries.filter((entry) => entry.length === 2)));
}
