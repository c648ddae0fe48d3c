import assert from "node:assert/strict";
import { mock } from "node:test";
import { runtime } from "@pulumi/pulumi";
import { disconnect } from "@pulumi/pulumi/runtime/settings.js";
import { announceChange, changeText, type ReachOutputs } from "../../components/change.ts";
import { defaultDeny, type FlowOutput, flowOutputs } from "../../components/outputs.ts";
import { workloadCount } from "../document/rows.ts";
import { program } from "../rendered.ts";

const current: ReachOutputs = { flows: flowOutputs(program.cluster), defaultDeny: defaultDeny(program.cluster) };

/** The current outputs with some flows changed or left out. */
const withFlows = (change: (flow: FlowOutput) => FlowOutput[]): ReachOutputs => ({
  ...current,
  flows: current.flows.flatMap(change),
});

const isFlow = ({ from, to }: FlowOutput, source: string, destination: string): boolean =>
  from === source && to === destination;

describe("What a change means for connections", () => {
  const cases: [title: string, last: unknown, expected: string[] | undefined][] = [
    ["is nothing when the outputs are the same", current, undefined],
    [
      "is nothing when flows are only stated in another order or for another purpose",
      { ...current, flows: current.flows.toReversed().map(({ purpose: _, ...flow }) => flow) },
      undefined,
    ],
    [
      "is a flow that opens",
      withFlows((flow) => (isFlow(flow, "monitoring/grafana", "database/shared-pg") ? [] : [flow])),
      ["1 flow opened", "monitoring/grafana can now reach database/shared-pg:5432"],
    ],
    [
      "is a flow that closes",
      { ...current, flows: [...current.flows, { from: "a/old", to: "database/shared-pg", ports: ["5432/TCP"] }] },
      ["1 flow closed", "a/old can no longer reach database/shared-pg:5432"],
    ],
    [
      "is another port",
      withFlows((flow) => [
        isFlow(flow, "argo/eventbus", "argo/eventbus") ? { ...flow, ports: ["6222/TCP", "53/UDP"] } : flow,
      ]),
      [
        "1 flow closed, 1 flow opened",
        "argo/eventbus can no longer reach itself:53/UDP",
        "argo/eventbus can now reach itself:7777",
      ],
    ],
    [
      "is one name in a list of many",
      withFlows((flow) => [{ ...flow, to: flow.to.replace("dl.min.io", "old.min.io") }]),
      [
        "1 flow closed, 1 flow opened",
        "argo/etcd-backup can no longer reach old.min.io:443",
        "argo/etcd-backup can now reach dl.min.io:443",
      ],
    ],
    [
      "is HTTP that is parsed now",
      withFlows(({ l7, ...flow }) => [
        isFlow(flow, "gateway", "monitoring/grafana") || l7 === undefined ? flow : { ...flow, l7 },
      ]),
      ["1 flow with other conditions", "gateway → monitoring/grafana:3000 now passes L7 HTTP"],
    ],
    [
      "is who enters and who leaves default deny, in which direction",
      {
        ...current,
        defaultDeny: {
          ingress: current.defaultDeny.ingress.filter((name) => name !== "kanidm/kanidm"),
          egress: [...current.defaultDeny.egress, "every other pod"],
        },
      },
      [
        "1 workload enters default deny, 1 workload leaves default deny",
        "kanidm/kanidm enters default deny for ingress: what no rule allows is refused",
        "every other pod leaves default deny for egress: what no rule denies is allowed",
      ],
    ],
  ];
  for (const [title, last, expected] of cases) {
    it(title, () => {
      const text = expected && [
        `What changes for connections: ${expected[0]}`,
        ...expected.slice(1).map((line) => `  ${line}`),
      ];
      assert.equal(changeText(last, current), text?.join("\n"));
    });
  }

  for (const last of [{}, undefined, { flows: "from another program" }]) {
    it(`is told in a line before the first deployment, when the last outputs are ${JSON.stringify(last)}`, () => {
      assert.match(
        changeText(last, current) ?? "",
        new RegExp(
          `^First deployment: ${workloadCount} workloads enter default deny, \\d+ flows opened(, \\d+ flows? .*)?$`,
        ),
      );
    });
  }
});

describe("A preview", () => {
  let asked: { token: string; inputs: unknown }[];

  /** Announces the change under Pulumi's mocks, and gives what was logged. */
  async function logged(preview: boolean, answer: () => object): Promise<string[]> {
    asked = [];
    const mocks = {
      newResource: () => ({ id: "", state: {} }),
      call: ({ token, inputs }: runtime.MockCallArgs) => {
        asked.push({ token, inputs });
        return answer();
      },
    };
    await runtime.setMocks(mocks, "network-policies", "prod", preview, "acme");
    const log = mock.method(console, "log", () => undefined);
    try {
      await announceChange(current);
      return log.mock.calls.map(({ arguments: [text] }) => String(text));
    } finally {
      log.mock.restore();
      await disconnect();
    }
  }

  const closing = withFlows((flow) => (isFlow(flow, "monitoring/grafana", "database/shared-pg") ? [] : [flow]));

  it("reads the outputs of its own stack and logs one message", async () => {
    const messages = await logged(true, () => ({ name: "acme/network-policies/prod", outputs: closing }));
    assert.deepEqual(asked, [
      { token: "pulumi:pulumi:readStackOutputs", inputs: { name: "acme/network-policies/prod" } },
    ]);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /monitoring\/grafana can now reach database\/shared-pg:5432$/);
  });

  it("logs nothing when nothing changes", async () => {
    assert.deepEqual(await logged(true, () => ({ outputs: current })), []);
  });

  it("says so when the last outputs cannot be read, and goes on", async () => {
    const fail = () => {
      // As the engine's errors arrive: their text is in the details.
      throw Object.assign(new Error(), { details: "the backend is away" });
    };
    const [message, ...more] = await logged(true, fail);
    assert.match(message ?? "", /What changes for connections is not known: .*the backend is away/);
    assert.deepEqual(more, []);
  });

  it("is the only operation that asks: an update does not", async () => {
    assert.deepEqual(await logged(false, () => ({ outputs: {} })), []);
    assert.deepEqual(asked, []);
  });
});
