import assert from "node:assert/strict";
import { Provider } from "@pulumi/kubernetes/provider.js";
import { z } from "zod";
import { applyPolicies } from "../../components/apply.ts";
import { runProbes } from "../../components/probe.ts";
import { readProgram } from "../../components/program.ts";
import { ciliumPolicies, declared } from "../rendered.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Registration, registrations } from "./recorded.ts";

const stack = { project: "network-policies", stack: "prod" };
const probing = (values: Record<string, string> = {}) =>
  readProgram(
    declared,
    Object.fromEntries(
      Object.entries({ probe: "true", probeNamespaces: '["argocd","identity"]', ...values }).map(([key, value]) => [
        `${stack.project}:${key}`,
        value,
      ]),
    ),
    stack,
  );

const register = (program: ReturnType<typeof probing>) =>
  registrations(() => {
    const provider = new Provider("cluster", {});
    runProbes(program, provider, applyPolicies(program, { provider }));
  });

/** The parts of a Job that the tests look at. */
const jobInputs = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    ttlSecondsAfterFinished: z.number(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) }),
      spec: z.object({
        automountServiceAccountToken: z.boolean(),
        securityContext: z.looseObject({ runAsNonRoot: z.boolean() }),
        containers: z.array(
          z.looseObject({
            image: z.string(),
            env: z.array(z.object({ name: z.string(), value: z.string() })),
            resources: z.object({ limits: z.record(z.string(), z.string()) }).loose(),
            securityContext: z.looseObject({ readOnlyRootFilesystem: z.boolean() }),
          }),
        ),
      }),
    }),
  }),
});

const jobsOf = (all: readonly Registration[]) => all.filter(({ type }) => type === "kubernetes:batch/v1:Job");

describe("The connectivity probe", () => {
  it("is off by default", () => {
    const { policies } = readProgram(declared, {}, stack);
    assert.equal(policies.length, policyCount);
  });

  it("adds a policy of its own to each chosen namespace", () => {
    const added = ciliumPolicies(probing()).filter(({ metadata }) => metadata.name === "connectivity-probe");
    assert.deepEqual(
      added.map(({ metadata }) => metadata.namespace),
      ["argocd", "identity"],
    );
    for (const { spec } of added) {
      assert.deepEqual(spec?.endpointSelector, { matchLabels: { "network-policies/probe": "connectivity" } });
      assert.deepEqual(spec?.ingress, [{}]);
      assert.deepEqual(spec?.egress, [
        { toEntities: ["kube-apiserver"], toPorts: [{ ports: [{ port: "6443", protocol: "TCP" }] }] },
      ]);
    }
  });

  it("probes every namespace when none is chosen, and refuses one that does not exist", () => {
    const { policies } = probing({ probeNamespaces: "[]" });
    assert.equal(policies.length, policyCount + namespaces.length);
    assert.throws(
      () => probing({ probeNamespaces: '["idnetity"]' }),
      /probeNamespaces: there is no namespace idnetity; did you mean identity\?/,
    );
  });

  it("runs a Job after all policies, as an unprivileged pod under its own label", async () => {
    const all = await register(probing());
    const jobs = jobsOf(all);
    assert.equal(jobs.length, 2);
    const policies = all.filter(({ type }) => type.startsWith("kubernetes:cilium.io/")).map(({ urn }) => urn);
    for (const job of jobs) {
      assert.deepEqual(new Set(job.dependencies), new Set(policies), job.name);
      const { metadata, spec } = jobInputs.parse(job.inputs);
      assert.equal(`${metadata.namespace}/${metadata.name}`, job.name);
      assert.ok(spec.ttlSecondsAfterFinished > 0);
      assert.deepEqual(spec.template.metadata.labels, { "network-policies/probe": "connectivity" });
      assert.equal(spec.template.spec.automountServiceAccountToken, false);
      assert.equal(spec.template.spec.securityContext.runAsNonRoot, true);
      for (const container of spec.template.spec.containers) {
        assert.equal(container.securityContext.readOnlyRootFilesystem, true);
        assert.ok(container.resources.limits.memory);
      }
    }
  });

  it("runs again whenever the policies change, and only then", async () => {
    const fingerprint = async (values: Record<string, string>) => {
      const [job] = jobsOf(await register(probing(values)));
      return jobInputs.parse(job?.inputs).spec.template.metadata.annotations["network-policies/policies"];
    };
    assert.equal(await fingerprint({}), await fingerprint({}));
    assert.notEqual(await fingerprint({}), await fingerprint({ apiServerPort: "16443" }));
  });

  it("tries the forbidden destination only where policies are enforced", async () => {
    const all = await register(probing({ namespaceEnforcement: '{"identity":"observe"}' }));
    const forbidden = Object.fromEntries(
      jobsOf(all).map(({ name, inputs }) => [
        name,
        jobInputs.parse(inputs).spec.template.spec.containers[0]?.env[0]?.value,
      ]),
    );
    assert.deepEqual(forbidden, {
      "argocd/connectivity-probe": "kube-dns.kube-system.svc.cluster.local:9153",
      "identity/connectivity-probe": "",
    });
  });
});
