/** Findings as SARIF 2.1.0, which code scanning shows at their lines of a pull request. */

import type { Log } from "sarif";
import { type Basis, basisLines } from "../../cilium/kubernetes/basis.ts";
import type { Position } from "../../cilium/kubernetes/read.ts";
import type { Finding } from "../findings.ts";

/**
 * One run. A finding stands at the line where its policy begins; one about no file, as a program's, has no place.
 * @param positions of places, as `Objects` has them
 */
export function sarif(findings: readonly Finding[], positions: ReadonlyMap<string, Position>, basis: Basis): string {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort();
  const run = {
    tool: { driver: { name: "netpol", rules: rules.map((id) => ({ id })) } },
    results: findings.map(({ level, rule, file, message }) => ({
      ruleId: rule,
      ruleIndex: rules.indexOf(rule),
      level,
      message: { text: message },
      ...located(file, positions),
    })),
    // What the findings rest on.
    invocations: [
      {
        executionSuccessful: true,
        toolExecutionNotifications: basisLines(basis).map((text) => ({ level: "note", message: { text } }) as const),
      },
    ],
    columnKind: "utf16CodeUnits",
  } as const satisfies Log["runs"][number];
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [run],
  } as const satisfies Log;
  return `${JSON.stringify(log, null, 2)}\n`;
}

function located(place: string | undefined, positions: ReadonlyMap<string, Position>) {
  const position = place === undefined ? undefined : positions.get(place);
  if (position === undefined) return {};
  const uri = position.file.split("/").map(encodeURIComponent).join("/");
  return { locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: position.line } } }] };
}
