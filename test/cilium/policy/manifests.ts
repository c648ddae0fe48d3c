/**
 * Arbitrary manifests of both kinds for comparing judgements: mostly right, with a few things off, so that both verdicts
 * are frequent. `agent` strays where the API server looks away and the agent does not; `server` strays in shape.
 */
import fc from "fast-check";
import { directions as directionsOf } from "./manifests/rules.ts";
import { selectors } from "./manifests/selectors.ts";
import { merged, type Stray, straying } from "./manifests/straying.ts";

/** Manifests whose faults are mostly those that only the agent sees. */
export const manifestsForAgent = (): fc.Arbitrary<object> => manifest("agent");

/** Manifests whose faults are mostly those that the API server sees. */
export const manifestsForServer = (): fc.Arbitrary<object> => manifest("server");

function manifest(stray: Stray): fc.Arbitrary<object> {
  const vocabulary = straying(stray);
  const { or, record } = vocabulary;
  const selector = selectors(vocabulary);
  const directions = directionsOf(vocabulary, selector);
  const name = or(
    fc.constantFrom("web", "db-1", "a.b"),
    fc.constantFrom("web", "0"),
    fc.constantFrom("", "Web", "-web", "web.", "a..b", "x".repeat(254), 7),
    30,
  );

  const subject = (host: fc.Arbitrary<object>) =>
    or(
      fc.oneof({ weight: 6, arbitrary: record({ endpointSelector: selector }) }, { weight: 1, arbitrary: host }),
      record({ nodeSelector: selector }),
      fc.constantFrom({}, { endpointSelector: {}, nodeSelector: {} }),
      20,
    );
  const extras = record(
    {},
    {
      description: or(fc.constant("d"), fc.constant(""), fc.constant(1)),
      labels: or(
        fc.constantFrom([{ key: "a", value: "b" }], [{ key: "a", source: "k8s" }]),
        fc.constant([{ key: "" }]),
        fc.constantFrom(["a"], [{}]),
        5,
      ),
      enableDefaultDeny: or(
        fc.constantFrom({}, { ingress: false }, { egress: true, ingress: true }),
        fc.constant({ egress: null }),
        fc.constantFrom({ ingress: "false" }, true),
        8,
      ),
      log: or(
        fc.constantFrom({ value: "team" }, {}),
        fc.constant({ value: "ü".repeat(32) }),
        fc.constantFrom({ value: "x".repeat(33) }, { value: "a\nb" }),
        8,
      ),
    },
  );
  const spec = (host: fc.Arbitrary<object>) =>
    fc
      .tuple(
        subject(host),
        directions,
        fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: extras }),
      )
      .map(merged);
  const body = (host: fc.Arbitrary<object>) =>
    or(
      fc.oneof(
        { weight: 10, arbitrary: fc.record({ spec: spec(host) }) },
        { weight: 1, arbitrary: fc.record({ specs: fc.array(spec(host), { maxLength: 2 }) }) },
      ),
      fc.record({ spec: spec(host), specs: fc.array(spec(host), { maxLength: 2 }) }),
      fc.constantFrom({}, { spec: null }, { spec: [], specs: [] }),
      40,
    );
  const metadata = record(
    { name },
    {
      labels: or(
        fc.constant({ "app.kubernetes.io/part-of": "x" }),
        fc.constant({}),
        fc.constantFrom({ "a b": "x" }, { a: "a b" }, { a: 1 }),
      ),
      annotations: or(
        fc.constantFrom({ "policy.cilium.io/x": "any text" }, { "UPPER.io/A": "x" }),
        fc.constant({}),
        fc.constantFrom({ "a b": "x" }, { a: 1 }, { "": "x" }),
      ),
    },
  );
  const namespaced = fc.tuple(metadata, body(fc.constant({ endpointSelector: {} }))).map(([metadata, body]) => ({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { namespace: "default", ...merged([metadata]) },
    ...merged([body]),
  }));
  const clusterwide = fc
    .tuple(metadata, body(fc.record({ nodeSelector: fc.constant({}) })))
    .map(([metadata, body]) => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      metadata,
      ...merged([body]),
    }));
  return fc.oneof({ weight: 3, arbitrary: namespaced }, { weight: 1, arbitrary: clusterwide }).map(asSent);
}

/** What arrives after a manifest went over the wire: no `undefined`. */
const asSent = (manifest: object): object => JSON.parse(JSON.stringify(manifest));
