/** `netpol explain`: whether one connection is possible, what decided, and what would have to be written to allow it. */
import type { Command } from "commander";
import { placedRules, policyName } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import type { Question } from "../../cilium/reach/compile/inventory.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import type { RuleReference } from "../../cilium/reach/compile/rules.ts";
import { type EndVerdict, verdict } from "../../cilium/reach/decide/verdict.ts";
import { decidingPolicies, endText, outcomeText, peerText, questionText } from "../../cilium/reach/report/explain.ts";
import { portNotes } from "../../cilium/reach/report/explain-ports.ts";
import { advise, type MissingRule, policyWith } from "../../cilium/reach/report/explain-rule.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import { type Addition, linesOf } from "../../cilium/write/addition.ts";
import { loadSourceFiles } from "../../components/load.ts";
import type { Program } from "../../components/program.ts";
import { doubted } from "../doubts.ts";
import { destinationReader, endReader, endsHelp, readPortOf } from "../ends.ts";
import { basisText, dataText, withOutput } from "../output/format.ts";
import { projectFolder } from "../project.ts";
import { readSource, type Source, type SourceOptions, withSource } from "../sources/source.ts";

type Options = SourceOptions & { readonly output: "table" | "json" | "yaml" };

export default function explain(command: Command): void {
  command
    .argument("<from>", "who opens the connection")
    .argument("<to>", "to whom")
    .argument(
      "<port>",
      "5432, or with its protocol as 53/UDP, or as the destination calls it, https; for ICMP the type, as 8/ICMP",
    );
  withOutput(withSource(command), ["table", "json", "yaml"])
    .addHelpText("after", help)
    .action(async (from: string, to: string, port: string, options: Options) => {
      const source = await readSource(options);
      const read = endReader(source);
      const destination = destinationReader(read, source)(to);
      const question = { source: read(from), destination, ...readPortOf(port, destination, source) };
      // Pods of an inventory are not the program's workloads by name.
      const program = options.inventory === undefined ? source.program : undefined;
      const explanation = await explainQuestion(question, source, program);
      const { output } = options;
      process.stdout.write(
        output === "table"
          ? `${inWords(explanation, source.policies)}\n${basisText(source.basis)}`
          : dataText({ ...dataOf(explanation), basis: source.basis }, output),
      );
      if (explanation.ends.some(({ doubted }) => doubted)) process.exitCode = 2;
      else if (!isAllowed(explanation)) process.exitCode = 1;
    });
}

const help = `
${endsHelp}
Ends with 0 if the connection is allowed, for a DNS name once it is resolved, and with 1 if it is denied or not decidable.

Examples:
  netpol explain argocd/server argocd/redis 6379
  netpol explain argocd/repo-server github.com 443
  netpol explain world monitoring/grafana 3000/TCP --git main
  netpol explain default/client default/server 8080 --from policies/ --inventory pods.yaml`;

interface Explanation {
  readonly question: Question;
  readonly outcome: ReturnType<typeof verdict>["outcome"];
  readonly ends: readonly {
    readonly title: string;
    readonly end: EndVerdict;
    readonly missing: MissingRule | undefined;
    /** Whether a broken policy may decide otherwise there. */
    readonly doubted: boolean;
  }[];
  /** What is to be known of the port. */
  readonly notes: readonly string[];
  /** For the program's own policies: what to write in its files. */
  readonly statement: Advice | undefined;
}

/** What to write, and what to know of it; or why the language has no words for the connection. */
type Advice =
  | { readonly kind: "additions"; readonly additions: readonly Addition[]; readonly notes: readonly string[] }
  | { readonly kind: "none"; readonly reason: string };

const isAllowed = ({ outcome }: Pick<Explanation, "outcome">): boolean =>
  outcome === "allowed" || outcome === "allowed-once-resolved";

async function explainQuestion(question: Question, source: Source, program: Program | undefined): Promise<Explanation> {
  const network = compile(source.policies, source.inventory);
  const certain = verdict(network, question);
  const { outcome, egress, ingress } = doubted(certain, question, source);
  const advice = advise(source.policies, network, question, { ...certain, egress, ingress });
  return {
    question,
    outcome,
    ends: [
      {
        title: `leaving ${peerText(question.source)}`,
        end: egress,
        missing: advice.egress,
        doubted: egress !== certain.egress,
      },
      {
        title: `arriving at ${peerText(question.destination)}`,
        end: ingress,
        missing: advice.ingress,
        doubted: ingress !== certain.ingress,
      },
    ],
    notes: portNotes(question, source.inventory),
    statement:
      !isAllowed({ outcome }) && program !== undefined
        ? await adviceFor(question, program, [egress, ingress])
        : undefined,
  };
}

/** Its writer is loaded only where there is something to write. */
async function adviceFor(question: Question, { cluster }: Program, ends: readonly EndVerdict[]): Promise<Advice> {
  const { statementOf } = await import("../../cilium/write/statement.ts");
  const { write } = await import("../../cilium/write/write.ts");
  const files = await loadSourceFiles(projectFolder());
  const stated = statementOf(question, cluster, files);
  if (stated.kind === "none") return stated;
  return { kind: "additions", additions: write([stated.statement], files), notes: notesOn(ends) };
}

/** What the lines need that is no line. */
function notesOn(ends: readonly EndVerdict[]): string[] {
  const keys = ends.flatMap((end) => (end.verdict === "denied" && end.by.kind === "protocol-off" ? end.by.key : []));
  return [...new Set(keys)].map((key) => `Besides, ${key} in cilium-config has to be true.`);
}

function inWords({ question, outcome, ends, notes, statement }: Explanation, policies: readonly Policy[]): string {
  const blocks = [
    `${questionText(question)} is ${outcomeText({ outcome })}`,
    ...ends.map(({ title, end }) => [`${title}: ${endText(end)}`, ...ruleTexts(end, policies)].join("\n")),
    notes.map((note) => `Note: ${note}`).join("\n"),
    ...(isAllowed({ outcome }) ? [] : [adviceText(ends, statement)]),
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

/** The rules that decided, as they are written. */
function ruleTexts(end: EndVerdict, policies: readonly Policy[]): string[] {
  if (end.verdict === "undecidable" || end.by.kind !== "rules") return [];
  const items = new Set(end.by.rules.map(({ policy, path }) => `${policy} ${path.replace(/\.(toPorts|icmps).*/, "")}`));
  return [...items].flatMap((item) => {
    const [policy = "", path = ""] = item.split(" ");
    const rule = ruleAt({ policy, path }, policies);
    return rule === undefined ? [] : [`  ${item}:`, indented(yaml(rule), 4)];
  });
}

/** The item of `ingress`, `egress` and the like at a place such as `specs[1].ingress[0]`. */
function ruleAt(
  { policy, path }: Pick<RuleReference, "policy" | "path">,
  policies: readonly Policy[],
): object | undefined {
  const found = policies.filter((candidate) => policyName(candidate) === policy);
  const [, spec = "", direction, index] = /^(?:(specs\[\d+\])\.)?(\w+)\[(\d+)\]$/.exec(path) ?? [];
  for (const { rule, place } of found.flatMap(placedRules)) {
    if (place !== spec) continue;
    for (const key of ["ingress", "ingressDeny", "egress", "egressDeny"] as const) {
      if (key === direction) return rule[key]?.[Number(index)];
    }
  }
  return undefined;
}

function adviceText(ends: Explanation["ends"], statement: Advice | undefined): string {
  const removals = ends.flatMap(({ missing }) => (missing?.kind === "remove" ? missing.rules : []));
  const removal = removals.map((rule) =>
    statement === undefined
      ? `To allow it, narrow or remove ${rule}: no allow rule outweighs a deny.`
      : // The only deny rule that the program writes.
        `To allow it, leave denyWorld out of the workload of ${rule}: no allow rule outweighs a deny.`,
  );
  switch (statement?.kind) {
    case "additions":
      return [
        ...removal,
        ...statement.additions.flatMap((addition, at) => [
          `${at === 0 ? "To allow it, write" : "and"} in ${addition.file}:`,
          ...linesOf(addition).map((line) => `  ${line}`),
        ]),
        ...statement.notes,
      ].join("\n");
    case "none":
      return [...removal, `There is nothing to write: ${statement.reason}.`].join("\n");
    case undefined:
      return [
        ...removal,
        ...ends.flatMap(({ title, missing }) => {
          if (missing?.kind === "add") return [additionText(missing)];
          return missing?.kind === "none" ? [`There is nothing to write for ${title}: ${missing.why}.`] : [];
        }),
      ].join("\n");
  }
}

function additionText(missing: MissingRule & { kind: "add" }): string {
  const { direction, policy, rules } = missing;
  // An answer to how a name is found out, too.
  const names = rules.length > 1 ? ", a DNS rule for the look-up first" : "";
  return policy === undefined
    ? `To allow it, apply a new policy${names}:\n${indented(yaml(policyWith(missing)), 2)}`
    : `To allow it, add to the policy ${policy}${names}:\n${indented(yaml({ [direction]: rules }), 2)}`;
}

const indented = (text: string, by: number): string =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `${" ".repeat(by)}${line}`)
    .join("\n");

const dataOf = ({ question, outcome, ends: [egress, ingress], notes, statement }: Explanation) => ({
  from: peerText(question.source),
  to: peerText(question.destination),
  port: question.port,
  protocol: question.protocol,
  outcome,
  egress: endData(egress),
  ingress: endData(ingress),
  ...(notes.length > 0 && { notes }),
  ...(statement && { statement }),
});

const endData = (end: Explanation["ends"][number] | undefined) =>
  end && {
    verdict: end.end.verdict,
    why: endText(end.end),
    policies: decidingPolicies(end.end),
    rules: end.end.verdict !== "undecidable" && end.end.by.kind === "rules" ? end.end.by.rules : [],
    redirect: (end.end.verdict === "allowed" && end.end.redirect) || null,
    ...(end.missing && { missing: end.missing }),
  };
