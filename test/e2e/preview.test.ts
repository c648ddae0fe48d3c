import assert from "node:assert/strict";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { namespaces, workloadCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { type ProdStack, prodStack } from "../toolchain/stack.ts";

describe("A preview of the program", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let stack: ProdStack;

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    stack = await prodStack(cluster);
  });
  after(async () => {
    await stack?.close();
    await cluster?.stop();
  });

  /** What an operation says beside its resources, without the colours. */
  function recordMessages(severity = "info"): { messages: string[]; onEvent: (event: EngineEvent) => void } {
    const messages: string[] = [];
    return {
      messages,
      onEvent: ({ diagnosticEvent: event }) => {
        // The provider ends each line of its status with an empty message.
        if (event?.severity !== severity || event.ephemeral) return;
        messages.push(event.message.replaceAll(/<\{%.*?%\}>/g, "").trim());
      },
    };
  }

  async function previewed(options: { policyPacks?: string[] } = {}): Promise<string[]> {
    const { messages, onEvent } = recordMessages();
    await stack.preview({ onEvent, ...options });
    return messages;
  }

  it("says in one line what the first deployment closes", async () => {
    const [message, ...more] = await previewed();
    assert.match(
      message ?? "",
      new RegExp(
        `^First deployment: ${workloadCount} workloads enter default deny, \\d+ flows closed, \\d+ flows with other conditions$`,
      ),
    );
    assert.deepEqual(more, []);
  });

  it("says nothing when nothing changes, and an update says nothing besides its preview", async () => {
    const { messages, onEvent } = recordMessages();
    await stack.up({ onEvent });
    assert.deepEqual(messages, []);
    assert.deepEqual(await previewed(), []);
  });

  it("says in one message which flows open and close and which pods leave default deny", async () => {
    stack.configure({ addresses: { nas: "10.9.8.7" }, namespaceEnforcement: { identity: "observe" } });
    assert.deepEqual(await previewed(), [
      [
        "What changes for connections: 1 workload leaves default deny, 1 flow closed, 16 flows opened",
        "  identity/login leaves default deny in both directions: what no rule denies is allowed",
        "  jobs/archive can no longer reach 10.20.0.9:2049",
        "  remote-node, world, every other pod, health and unmanaged can now reach identity/login on every port",
        "  jobs/archive can now reach nas (10.9.8.7):2049",
        "  identity/login can now reach itself on every port but 8444, world, every other pod, host, remote-node, gateway, health and unmanaged on every port and kube-apiserver on every port but 6443",
        "  gateway can now reach identity/login on every port but 8443",
      ].join("\n"),
    ]);
  });

  it("says it with a policy pack too", async () => {
    stack.configure({ addresses: { nas: "10.9.8.7" }, namespaceEnforcement: {} });
    const messages = await previewed({ policyPacks: [join(stack.folder, "policypack")] });
    assert.deepEqual(
      messages.filter((message) => message.startsWith("What changes")),
      [
        [
          "What changes for connections: 1 flow closed, 1 flow opened",
          "  jobs/archive can no longer reach 10.20.0.9:2049",
          "  jobs/archive can now reach nas (10.9.8.7):2049",
        ].join("\n"),
      ],
    );
  });

  it("compares with what was deployed last, not with what was previewed", async () => {
    await stack.up();
    assert.deepEqual(await previewed(), []);
  });

  it("warns as long as adoptExisting is on that edits of others are overwritten", async () => {
    stack.configure({ adoptExisting: true });
    const { messages, onEvent } = recordMessages("warning");
    await stack.preview({ onEvent });
    assert.match(messages.join("\n"), /^adoptExisting is on: .*what others edited in them is overwritten/);
  });

  it("leaves no trace in the state", async () => {
    const { deployment } = await stack.exportStack();
    assert.ok(!JSON.stringify(deployment).includes("StackReference"));
  });
});
