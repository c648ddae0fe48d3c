/** Puts the engine's answers beside those of Cilium's own code. */
import { policyKey } from "../../../cilium/policy/parts.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Peer } from "../../../cilium/reach/compile/inventory.ts";
import { compile, type Network } from "../../../cilium/reach/compile/network.ts";
import { type EndVerdict, type Undecidable, type Verdict, verdict } from "../../../cilium/reach/decide/verdict.ts";
import type { Job, JobAnswer, JobEndVerdict, VerdictOracle } from "../../oracle/job.ts";
import type { World } from "./worlds.ts";

/** How often each outcome was seen, at the ends of questions. */
export type Counts = Map<string, number>;

export const count = (counts: Counts, what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1);
};

/** Prints counts, the largest first. */
export function printed(counts: Counts): void {
  for (const [what, times] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`        ${times} × ${what}`);
}

/** What engine and Cilium disagree about; empty if they agree. */
export async function differences(oracle: VerdictOracle, world: World, counts: Counts): Promise<string[]> {
  const network = compile(
    world.policies.map((manifest) => policySchema.parse(manifest)),
    world.inventory,
  );
  const cilium = await oracle.ask(jobOf(world, network));
  const { unreadable, unwatched } = network.basis;
  if (cilium.invalidConfig !== undefined || unreadable.length > 0) {
    count(counts, "configuration that the agent does not start with");
    return cilium.invalidConfig !== undefined && unreadable.length > 0
      ? []
      : [`configuration: ${JSON.stringify(unreadable)} here, ${cilium.invalidConfig} by Cilium`];
  }
  const found: string[] = [];
  if (network.refused.length !== cilium.refused.length) {
    found.push(`refused: ${JSON.stringify(network.refused)} here, ${JSON.stringify(cilium.refused)} by Cilium`);
  }
  if (unwatched.map(({ key }) => key).join() !== cilium.ignored.map(({ key }) => key).join()) {
    found.push(`not watched: ${JSON.stringify(unwatched)} here, ${JSON.stringify(cilium.ignored)} by Cilium`);
  }
  const unknowns = network.rules.some(({ selections }) => selections.some(({ undecided }) => undecided.size > 0));
  const isWhole = world.inventory.services !== undefined && world.inventory.cidrGroups !== undefined;
  world.questions.forEach((question, i) => {
    const ours = verdict(network, question);
    const difference = answerDifference(ours, cilium.answers[i], unknowns, counts);
    found.push(...difference.map((text) => `${JSON.stringify(question)}, ${text}`));
    count(counts, `${isWhole ? "connection" : "with parts of the inventory missing"} ${ours.outcome}`);
  });
  return found;
}

/**
 * What changes between two sets of policies by Cilium's own code, over the questions of a world; empty if nothing does. Which
 * policy decides is no change.
 */
export async function changes(oracle: VerdictOracle, world: World, after: readonly Policy[]): Promise<string[]> {
  const network = compile([], world.inventory);
  const before = await oracle.ask(jobOf(world, network));
  const now = await oracle.ask(jobOf({ ...world, policies: after }, network));
  return world.questions.flatMap((question, i) => {
    const [was, is] = [answerText(before.answers[i]), answerText(now.answers[i])];
    return was === is ? [] : [`${JSON.stringify(question)}: ${was} before, ${is} after`];
  });
}

/** What the agent drops whatever policies say is the same whatever they say. */
const answerText = ({ egress, ingress, dropped }: Partial<JobAnswer["answers"][number]> = {}): string =>
  JSON.stringify(dropped ?? [egress, ingress].map((end) => end && { ...end, origins: undefined }));

/** A world as the program of test/oracle takes it. */
export function jobOf({ policies, inventory, questions }: World, { surroundings }: Network): Job {
  const { services, configuration, ...rest } = inventory;
  const { apiServer } = surroundings;
  const apiServers = [...apiServer.keys];
  const end = (peer: Peer): Peer => {
    const [address] = apiServers;
    const isApiServer = peer.kind === "entity" && peer.entity === "kube-apiserver";
    return apiServer.isManaged && isApiServer && address !== undefined ? { kind: "address", address } : peer;
  };
  return {
    id: "world",
    policies,
    ...(configuration !== undefined && { config: configuration }),
    inventory: {
      ...rest,
      ipv6: false,
      apiServer: apiServers,
      ...(services !== undefined && {
        services: services.map(({ namespace, name, labels, selector, backends = [] }) => ({
          ...{ namespace, name, labels, selector },
          addresses: backends.flatMap(({ addresses }) => addresses),
        })),
      }),
    },
    questions: questions.map((question) => ({
      ...question,
      source: end(question.source),
      destination: end(question.destination),
    })),
  };
}

function answerDifference(
  ours: Verdict,
  theirs: JobAnswer["answers"][number] | undefined,
  unknowns: boolean,
  counts: Counts,
): string[] {
  const dropped = theirs?.dropped;
  if (dropped !== undefined) {
    count(counts, `dropped without ${dropped}`);
    const keys = [ours.egress, ours.ingress].flatMap((end) =>
      end.verdict === "denied" && end.by.kind === "protocol-off" ? [end.by.key] : [],
    );
    // Nodes drop nothing of it.
    return keys.length === 0 || keys.every((key) => key === dropped) ? [] : [`dropped: ${JSON.stringify(ours)}`];
  }
  const ends = (["egress", "ingress"] as const).flatMap((direction) => {
    const difference = endDifference(ours[direction], theirs?.[direction], unknowns, counts);
    return difference === undefined ? [] : [`${direction}: ${difference}`];
  });
  const inconsistent = inconsistency(ours);
  return inconsistent === undefined ? ends : [...ends, inconsistent];
}

function endDifference(
  ours: EndVerdict,
  theirs: JobEndVerdict | undefined,
  unknowns: boolean,
  counts: Counts,
): string | undefined {
  const differ = () => `${JSON.stringify(ours)} here, ${JSON.stringify(theirs ?? "not enforced")} by Cilium`;
  count(counts, endKind(ours));
  if (ours.verdict === "undecidable") {
    // Ends of one port name that differ are taken by the order of import, and no error.
    const conflict = ours.reason.kind === "conflict" ? ours.reason.conflict : undefined;
    const isError = conflict !== undefined && "what" in conflict && !conflict.what.endsWith("different ends");
    return isError && theirs?.error === undefined ? differ() : undefined;
  }
  if (theirs === undefined) return ours.verdict === "allowed" && ours.by.kind === "not-enforced" ? undefined : differ();
  // Cilium has no Services where they are not known and takes the rule for one about everybody, which can clash.
  if (theirs.error !== undefined) return unknowns ? undefined : differ();
  // To Cilium's code every name is resolved.
  if (ours.verdict === "denied" && ours.by.kind === "unresolvable") return theirs.allowed ? undefined : differ();
  if (ours.verdict === "denied") {
    return theirs.allowed || !knownOrigins(ours, theirs, unknowns) ? differ() : undefined;
  }
  const sameAudit = (ours.by.kind === "audit-mode") === (theirs.audited === true);
  const sameRedirect = ours.redirect?.parser === theirs.redirect;
  const sameAuthentication = ours.authentication.length > 0 || theirs.auth === undefined;
  return theirs.allowed && sameAudit && sameRedirect && sameAuthentication && knownOrigins(ours, theirs, unknowns)
    ? undefined
    : differ();
}

function endKind(end: EndVerdict): string {
  switch (end.verdict) {
    case "allowed":
      return `allowed by ${end.by.kind}${end.redirect ? `, redirected to ${end.redirect.parser}` : ""}`;
    case "denied":
      return `denied by ${end.by.kind}`;
    case "undecidable":
      return `not decidable: ${reasonKind(end.reason)}`;
  }
}

/** A reason without what is particular to one world. */
export function reasonKind(reason: Undecidable): string {
  switch (reason.kind) {
    case "peer":
    case "subject":
      return `${reason.kind}, ${reason.unknown.kind}`;
    case "conflict":
    case "configuration":
    case "cases":
    case "broken-policy":
      return reason.kind;
    case "translation":
      return `${reason.kind}, ${reason.why.kind}`;
  }
}

/** Cilium names the policies behind one map entry; the engine names those of all rules that it is sure match. */
function knownOrigins(ours: EndVerdict, theirs: JobEndVerdict, unknowns: boolean): boolean {
  if (unknowns || ours.verdict === "undecidable") return true;
  const origins = (theirs.origins ?? []).filter(({ kind }) => kind !== "cilium");
  const by = ours.by.kind === "audit-mode" ? ours.by.denied : ours.by;
  if (by.kind !== "rules") return origins.length === 0;
  const own = new Set(by.rules.map(policyKey));
  return (
    origins.length > 0 &&
    origins.every(({ kind, namespace, name }) => own.has(`${kind} ${namespace ? `${namespace}/` : ""}${name}`))
  );
}

function inconsistency({ outcome, egress, ingress }: Verdict): string | undefined {
  const denied = egress.verdict === "denied" || ingress.verdict === "denied";
  return denied === (outcome === "denied")
    ? undefined
    : `outcome ${outcome} of ${egress.verdict} and ${ingress.verdict}`;
}
