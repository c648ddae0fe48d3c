import assert from "node:assert/strict";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { apiServer, dnsAnswer, flow, host, line, outside, pod, remoteNode } from "./recorded.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "attic", name: "api", labels: { app: "api" } }, 2);

const uuid = "1fd51267-1bce-5276-a133-d8ea5a78502b";
const replies: Readonly<Record<string, object>> = {
  "of a pod": flow(web, api, 43_512, { more: { is_reply: true, uuid } }),
  "of the outside": flow(outside("203.0.113.7"), api, 43_512, { more: { is_reply: true } }),
  "of nodes": flow(host, remoteNode, 43_512, { more: { is_reply: true, verdict: "REDIRECTED" } }),
  "of the API server, on another day": flow(apiServer, api, 43_512, {
    time: "2026-11-25T00:00:00Z",
    more: { is_reply: true },
  }),
  "with a name": flow(web, outside("203.0.113.7"), 43_512, {
    more: { is_reply: true, destination_names: ["client.example"] },
  }),
  "that answers a lookup": dnsAnswer(web, api, "example.com", "203.0.113.7"),
  "that was added up": flow(web, api, 43_512, { more: { is_reply: true, aggregate: { egress_flow_count: 7 } } }),
  "that was dropped": flow(web, api, 43_512, {
    more: { is_reply: true, verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED" },
  }),
  "that quotes another": flow(web, api, 9000, { more: { Summary: 'said "is_reply":true, and went' } }),
};

describe("A reply", () => {
  for (const [name, one] of Object.entries(replies)) {
    it(`counts the same as a line and pretty-printed: ${name}`, () => {
      const [asLine, printed] = [line(one), JSON.stringify(JSON.parse(line(one)), undefined, 1)].map((text) => {
        const reader = recordReader({ namespace: "shop" });
        // Twice: what has a uuid counts once.
        for (const each of [...text.split("\n"), ...text.split("\n")]) reader.add(each);
        return reader.record();
      });
      assert.deepEqual(asLine, printed);
    });
  }
});
