/** `netpol test`: whether the policies keep what a team expects of them. */
import type { Command } from "commander";
import { compile } from "../../cilium/reach/compile/network.ts";
import { type EndVerdict, type Verdict, verdict } from "../../cilium/reach/decide/verdict.ts";
import { decidingPolicies, endText, outcomeText, peerText, questionText } from "../../cilium/reach/report/explain.ts";
import { doubted } from "../doubts.ts";
import { endsHelp } from "../ends.ts";
import { type Asked, type Expectation, readExpectations } from "../expectations.ts";
import { basisText, type Format, print, withOutput } from "../output/format.ts";
import { readSource, type SourceOptions, withSource } from "../sources/source.ts";

export default function test(command: Command): void {
  command.argument("<file>", "a YAML or JSON list of expectations, or - for standard input");
  withOutput(withSource(command), ["table", "json", "yaml", "csv", "md"])
    .addHelpText("after", help)
    .action(async (file: string, options: SourceOptions & { readonly output: Format }) => {
      const source = await readSource(options);
      const asked = readExpectations(file, source);
      const network = compile(source.policies, source.inventory);
      const results = asked.map((one) => judge(one, doubted(verdict(network, one.question), one.question, source)));
      const broken = results.filter(({ holds }) => !holds);
      if (options.output === "table") process.stdout.write(`${report(results, broken)}\n${basisText(source.basis)}`);
      else
        print({ table: tableOf(results), data: { results: results.map(data) }, basis: source.basis }, options.output);
      if (broken.length > 0) process.exitCode = 1;
    });
}

const help = `
Each item of the file is a question and its expected answer:
  - {from: argocd/server, to: argocd/redis, port: 6379, protocol: TCP, expect: allow, because: it caches there}
  - {from: argocd/repo-server, fqdn: github.com, port: 443, expect: allow}
  - {from: world, to: argocd/redis, port: 6379, expect: deny}
protocol is TCP if left out. ${endsHelp}

Examples:
  netpol test expectations.yaml
  netpol test expectations.yaml --from manifests/ --inventory pods.yaml --output json
  kubectl get pods,namespaces,nodes -A -o yaml > pods.yaml`;

interface Result extends Asked {
  readonly verdict: Verdict;
  /** Undefined where it is not decidable. */
  readonly allowed: boolean | undefined;
  readonly holds: boolean;
}

function judge(asked: Asked, verdict: Verdict): Result {
  const allowed = verdict.outcome === "undecidable" ? undefined : verdict.outcome !== "denied";
  return { ...asked, verdict, allowed, holds: allowed === (asked.expectation.expect === "allow") };
}

function report(results: readonly Result[], broken: readonly Result[]): string {
  const lines = broken.map(({ expectation, question, verdict }) =>
    [
      `${questionText(question)} is ${outcomeText(verdict)}, expected ${expectation.expect}${because(expectation)}`,
      `  leaving ${peerText(question.source)}: ${endText(verdict.egress)}`,
      `  arriving at ${peerText(question.destination)}: ${endText(verdict.ingress)}`,
    ].join("\n"),
  );
  const summary =
    broken.length === 0
      ? `${results.length} ${results.length === 1 ? "expectation holds" : "expectations hold"}`
      : `${broken.length} of ${results.length} ${results.length === 1 ? "expectation does" : "expectations do"} not hold`;
  return [...lines, summary].map((line) => `${line}\n`).join("");
}

const because = ({ because }: Expectation): string => (because === undefined ? "" : ` because ${because}`);

const tableOf = (results: readonly Result[]) => ({
  columns: ["from", "to", "port", "expected", "verdict", "holds", "leaving", "arriving", "because"],
  rows: results.map(({ expectation, question, verdict, holds }) => [
    peerText(question.source),
    peerText(question.destination),
    `${question.port}/${question.protocol}`,
    expectation.expect,
    verdict.outcome,
    holds ? "yes" : "no",
    endText(verdict.egress),
    endText(verdict.ingress),
    expectation.because ?? "",
  ]),
});

/** The question as it was asked, and the answer at both ends; `allowed` is null where it is not decidable. */
const data = ({ expectation, verdict, allowed, holds }: Result) => ({
  ...expectation,
  holds,
  allowed: allowed ?? null,
  outcome: verdict.outcome,
  egress: endData(verdict.egress),
  ingress: endData(verdict.ingress),
});

const endData = (end: EndVerdict) => ({
  verdict: end.verdict,
  policies: decidingPolicies(end),
  redirect: (end.verdict === "allowed" && end.redirect) || null,
  why: endText(end),
});
