/** `netpol test`: whether the policies keep what a team expects of them. */
import type { Command } from "commander";
import type { Exception, Proof } from "../../cilium/prove/prove.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { type EndVerdict, type Verdict, verdict } from "../../cilium/reach/decide/verdict.ts";
import { decidingPolicies, endText, outcomeText, peerText, questionText } from "../../cilium/reach/report/explain.ts";
import { doubted } from "../doubts.ts";
import { endsHelp } from "../ends.ts";
import {
  type Asked,
  type AskedOfAll,
  ask,
  type Expectation,
  isOfSets,
  readExpectations,
  strangersIn,
} from "../expectations.ts";
import { basisText, type Format, print, withOutput } from "../output/format.ts";
import { setsHelp } from "../sets.ts";
import { readPolicies, readRules, readSource, type Source, type SourceOptions, withSource } from "../sources/source.ts";

export default function test(command: Command): void {
  command.argument("<file>", "a YAML or JSON list of expectations, or - for standard input");
  withOutput(withSource(command), ["table", "json", "yaml", "csv", "md"])
    .addHelpText("after", help)
    .action(async (file: string, options: SourceOptions & { readonly output: Format }) => {
      const expectations = readExpectations(file);
      // Beside pods of its own, a folder without policies is one side of a comparison rather than a mistaken path.
      const read = options.inventory === undefined ? readRules : readPolicies;
      // Whatever pods there are, an answer about all that could be is the same.
      const source = await (expectations.every(isOfSets) ? read(options) : readSource(options, read));
      const asked = ask(expectations, file, source);
      const notes = [...source.basis.notes, ...new Set(strangersIn(asked, source.inventory))];
      const basis = { ...source.basis, notes };
      const network = compile(source.policies, source.inventory);
      const ofAll = expectations.some(isOfSets) ? await ofSets(source) : undefined;
      const results = asked.map((one): Result => {
        if ("question" in one) return judge(one, doubted(verdict(network, one.question), one.question, source));
        if (ofAll === undefined) throw new Error("an expectation of sets is one of all");
        return ofAll(one);
      });
      const broken = results.filter(({ holds }) => !holds);
      if (options.output === "table") process.stdout.write(`${report(results, broken)}\n${basisText(basis)}`);
      else
        print({ table: tableOf(results), data: { results: results.map(({ data }) => data) }, basis }, options.output);
      if (broken.length > 0) process.exitCode = 1;
    });
}

const help = `
Each item of the file is a question and its expected answer:
  - {from: argocd/server, to: argocd/redis, port: 6379, protocol: TCP, expect: allow, because: it caches there}
  - {from: argocd/repo-server, fqdn: github.com, port: 443, expect: allow}
  - {from: world, to: argocd/redis, port: 6379, expect: deny}
  - {from: any pod but argocd/server, to: argocd/redis, port: 6379, expect: deny}
protocol is TCP if left out. ${endsHelp}
${setsHelp}.

Examples:
  netpol test expectations.yaml
  kubectl get pods,namespaces,nodes -A -o yaml > pods.yaml
  netpol test expectations.yaml --from manifests/ --inventory pods.yaml --output json`;

/** An expectation with its answer, as each of the forms tells it. */
interface Result {
  readonly expectation: Expectation;
  readonly holds: boolean;
  /** Why it does not hold. */
  readonly lines: readonly string[];
  readonly row: readonly string[];
  readonly data: object;
}

function judge({ expectation, question }: Asked, verdict: Verdict): Result {
  const { egress, ingress, outcome } = verdict;
  const allowed = outcome === "undecidable" ? undefined : outcome !== "denied";
  const holds = allowed === (expectation.expect === "allow");
  const [leaving, arriving] = [endText(egress), endText(ingress)];
  return {
    expectation,
    holds,
    lines: [
      `${questionText(question)} is ${outcomeText(verdict)}, expected ${expectation.expect}${because(expectation)}`,
      `  leaving ${peerText(question.source)}: ${leaving}`,
      `  arriving at ${peerText(question.destination)}: ${arriving}`,
    ],
    row: [
      peerText(question.source),
      peerText(question.destination),
      ...middle(expectation, outcome, holds),
      leaving,
      arriving,
    ],
    // The question as it was asked, and the answer at both ends; `allowed` is null where it is not decidable.
    data: {
      ...expectation,
      holds,
      allowed: allowed ?? null,
      outcome,
      egress: endData(egress),
      ingress: endData(ingress),
    },
  };
}

/** What is expected of all ends of two sets holds only if it is proved; what proves is loaded for nothing else. */
async function ofSets(source: Source): Promise<(asked: AskedOfAll) => Result> {
  const told = await import("../proofs.ts");
  return (asked) => proved(asked.expectation, told.guaranteed(asked.guarantee, source), told);
}

function proved(
  expectation: Expectation,
  proof: Proof<Exception>,
  told: Pick<typeof import("../proofs.ts"), "exceptionLines" | "witnessData">,
): Result {
  const holds = proof.kind === "proved";
  const { from, to, fqdn = "", port, protocol, expect } = expectation;
  const question = `${from} → ${to ?? fqdn}:${port}/${protocol}`;
  const result = { expectation, holds };
  switch (proof.kind) {
    case "proved":
      return { ...result, lines: [], row: row("proved", "", ""), data: { ...expectation, holds, proved: true } };
    case "undecided":
      return {
        ...result,
        lines: [
          `${question} is not decidable, expected ${expect} for all${because(expectation)}`,
          ...proof.reasons.map((reason) => `  ${reason}`),
        ],
        row: row("not decidable", proof.reasons.join("; "), ""),
        data: { ...expectation, holds, proved: null, reasons: proof.reasons },
      };
    case "refuted": {
      const { witness, verdict } = proof.counterexample;
      return {
        ...result,
        lines: [
          `${question} does not hold for all, expected ${expect}${because(expectation)}`,
          ...told.exceptionLines(proof.counterexample),
        ],
        row: row("refuted", endText(verdict.egress), endText(verdict.ingress)),
        data: {
          ...expectation,
          holds,
          proved: false,
          counterexample: {
            ...told.witnessData(witness),
            verdict: verdict.outcome,
            egress: endData(verdict.egress),
            ingress: endData(verdict.ingress),
          },
        },
      };
    }
  }

  function row(verdict: string, leaving: string, arriving: string): string[] {
    return [from, to ?? fqdn, ...middle(expectation, verdict, holds), leaving, arriving];
  }
}

const middle = ({ port, protocol, expect }: Expectation, verdict: string, holds: boolean): string[] => [
  `${port}/${protocol}`,
  expect,
  verdict,
  holds ? "yes" : "no",
];

function report(results: readonly Result[], broken: readonly Result[]): string {
  const summary =
    broken.length === 0
      ? `${results.length} ${results.length === 1 ? "expectation holds" : "expectations hold"}`
      : `${broken.length} of ${results.length} ${results.length === 1 ? "expectation does" : "expectations do"} not hold`;
  return [...broken.flatMap(({ lines }) => lines), summary].map((line) => `${line}\n`).join("");
}

const because = ({ because }: Expectation): string => (because === undefined ? "" : ` because ${because}`);

const tableOf = (results: readonly Result[]) => ({
  columns: ["from", "to", "port", "expected", "verdict", "holds", "leaving", "arriving", "because"],
  rows: results.map(({ row, expectation }) => [...row, expectation.because ?? ""]),
});

const endData = (end: EndVerdict) => ({
  verdict: end.verdict,
  policies: decidingPolicies(end),
  redirect: (end.verdict === "allowed" && end.redirect) || null,
  why: endText(end),
});
