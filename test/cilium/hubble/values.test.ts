import assert from "node:assert/strict";
import fc from "fast-check";
import { valueReader } from "../../../cilium/hubble/values.ts";

function valuesOf(text: string): { values: unknown[]; within: boolean } {
  const values: unknown[] = [];
  const reader = valueReader((value) => values.push(value));
  for (const line of text.split("\n")) reader.add(line);
  const within = reader.end();
  return { values, within };
}

const event = {
  flow: { verdict: "FORWARDED", source: { labels: ["k8s:a=b", "reserved:x"] }, Summary: "}\n{" },
  time: "t",
};
const text = JSON.stringify(event);
const json = JSON.stringify;

describe("the events of a record", () => {
  const forms: Readonly<Record<string, string>> = {
    lines: `${text}\n${text}\n`,
    "an array on one line": json([event, event]),
    "an array with a line for each": `[${text},\n${text}]\n`,
    "an array that commas lead": `[\n${text}\n,${text}\n]`,
    "a pretty-printed array": json([event, event], null, 2),
    "pretty-printed values, one after the other": `${json(event, null, 4)}\n${json(event, null, "\t")}`,
    "the CRI's logs": `2026-11-03T09:30:00.5Z stdout F ${text}\n2026-11-03T09:30:00.5Z stderr F ${text}`,
    "the CRI's logs, whose lines are cut, of two streams": [
      `2026-11-03T09:30:00.5Z stdout P ${text.slice(0, 20)}`,
      `2026-11-03T09:30:00.5Z stderr P ${text.slice(0, 10)}`,
      `2026-11-03T09:30:00.5Z stdout F ${text.slice(20)}`,
      `2026-11-03T09:30:00.5Z stderr F ${text.slice(10)}`,
    ].join("\n"),
    "Docker's logs": [`${text}\n`, `${text}\n`].map((log) => json({ log, stream: "stdout", time: "t" })).join("\n"),
    "Docker's logs, whose lines are cut": [text.slice(0, 20), `${text.slice(20)}\n`, `${text}\n`]
      .map((log) => json({ log, stream: "stdout", time: "t" }))
      .join("\n"),
    "kubectl logs --prefix --timestamps": `[pod/cilium-x/export] 2026-11-03T09:30:00.5Z ${text}\n[pod/a/b] ${text}`,
    "Fluent Bit's lines": [text, `2026-11-03T09:30:00.5Z stdout F ${text}`]
      .map((log) => json({ date: 1.5, log, kubernetes: { pod_name: "cilium" } }))
      .join("\n"),
    "Fluent Bit's lines of the CRI's format": [text, text]
      .map((log) => json({ stream: "stdout", logtag: "F", log }))
      .join("\n"),
    "Fluent Bit's lines of the CRI's format, which are cut": [
      { _p: "P", log: text.slice(0, 20) },
      { _p: "F", log: text.slice(20) },
      { _p: "F", log: text },
    ]
      .map((piece) => json({ stream: "stdout", ...piece }))
      .join("\n"),
    "Fluent Bit's lines of the CRI's format, without its tag": [text, text.slice(0, 20), text.slice(20)]
      .map((log) => json({ date: 1.5, stream: "stdout", log }))
      .join("\n"),
    "Fluent Bit's parsed lines": [event, event].map((log_processed) => json({ log: text, log_processed })).join("\n"),
    "logcli -o jsonl": [text, text].map((line) => json({ labels: { a: "b" }, line, timestamp: "t" })).join("\n"),
    logcli: `2026-11-03T09:30:00Z {app="cilium", pod="x"} ${text}\n2026-11-03T09:30:00Z {} ${text}`,
    "Loki's API": json({
      status: "success",
      data: {
        result: [
          {
            stream: {},
            values: [
              ["1", text],
              ["2", text],
            ],
          },
        ],
      },
    }),
    "Elasticsearch's hits": [event, event].map((_source) => json({ _index: "i", _id: "1", _source })).join("\n"),
    "Elasticsearch's hits, of Elastic's schema": [
      { message: text, event: { dataset: "kubernetes.container_logs" }, log: { offset: 7 } },
      { event: { dataset: "kubernetes.container_logs", original: text } },
    ]
      .map((_source) => json({ _index: "i", _id: "1", _source }))
      .join("\n"),
    "CloudWatch's answer": json({ events: [text, text].map((message) => ({ timestamp: 1, message })) }, null, 4),
    "Cloud Logging's answer": json([{ jsonPayload: event }, { textPayload: text }], null, 2),
    "Elasticsearch's answer": json(
      { hits: { total: 2, hits: [{ _source: event }, { _source: { message: text } }] } },
      null,
      2,
    ),
  };
  for (const [name, form] of Object.entries(forms)) {
    it(`are found in ${name}`, () => assert.deepEqual(valuesOf(form), { values: [event, event], within: false }));
  }

  it("are found whatever they hold, in lines and pretty-printed", () => {
    const values = fc.array(fc.dictionary(fc.string(), fc.jsonValue()).map((flow) => ({ flow })));
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2, "\t"), (all, indent) => {
        const read = (text: string) => json(valuesOf(text).values);
        assert.equal(read(all.map((one) => json(one)).join("\n")), json(all));
        assert.equal(read(json(all, null, indent)), json(all));
      }),
    );
  });

  it("are told from lines that are no JSON, which are given as they are", () => {
    assert.deepEqual(valuesOf(`hello\n${text.slice(0, 30)}\n${text}\n\n`).values, ["hello", text.slice(0, 30), event]);
    assert.deepEqual(valuesOf(json({ log: "level=info\n", stream: "stderr" })).values, ["level=info\n"]);
    const untagged = ["level=info", text].map((log) => json({ log, stream: "stderr" }));
    assert.deepEqual(valuesOf(untagged.join("\n")).values, ["level=info", event]);
  });

  it("say when the input ends within one", () => {
    assert.equal(valuesOf(json([event], null, 2).slice(0, -10)).within, true);
    assert.equal(valuesOf(`2026-11-03T09:30:00.5Z stdout P ${text}`).within, true);
    assert.equal(valuesOf(text).within, false);
    for (const array of [`[\n${text},\n${text}\n]`, `[${text},\n${text}]`, json([event, event], null, 2)]) {
      assert.equal(valuesOf(array).within, false, array);
      const lines = array.split("\n");
      assert.equal(valuesOf(lines.slice(0, -1).join("\n")).within, true, array);
    }
  });
});
