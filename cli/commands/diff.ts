/** `netpol diff`: what changes between two sets of policies, in terms of who can reach whom. */
import { styleText } from "node:util";
import { type Command, Option } from "commander";
import { type Possible, possibleChanges } from "../../cilium/prove/possible.ts";
import { diff as differenceOf } from "../../cilium/reach/report/diff.ts";
import { describe, type Sentence, type SetOff, type Topic } from "../../cilium/reach/report/diff-text.ts";
import { type Difference, isEmpty } from "../../cilium/reach/report/difference.ts";
import { questionText } from "../../cilium/reach/report/explain.ts";
import { dataText, withOutput } from "../output/format.ts";
import { readSides, type Sides, sidesHelp, sidesLines } from "../sides.ts";
import { readingOptions } from "../sources/source.ts";

type Options = Parameters<typeof readSides>[1] & { readonly output: Output };

type Output = "table" | "md" | "json";

export default function diff(command: Command): void {
  command
    .argument("<before>", "the policies to start from: program, git:REF, live, context:NAME, or a file or folder")
    .argument("<after>", "the policies to compare them with")
    .addOption(new Option("-s, --stack <name>", "the stack whose config applies to the program").default("prod"))
    .addOption(
      new Option("--inventory <path>", "judge both against the Pods, Namespaces and Nodes of a file or folder"),
    );
  for (const side of ["before", "after"]) {
    command.option(
      `--config-${side} <place>`,
      `judge ${side.toUpperCase()} as an agent under the cilium-config of a file, live or context:NAME`,
    );
  }
  for (const option of readingOptions()) command.addOption(option);
  withOutput(command, ["table", "md", "json"])
    .addHelpText("after", help)
    .action(async (before: string, after: string, { output, ...options }: Options) => {
      const sides = await readSides([before, after], options);
      const difference = differenceOf(sides.before, sides.after);
      const possible = possibleChanges(sides.before, sides.after, difference);
      process.stdout.write(written(difference, possible, sides, output));
      if (!isEmpty(difference) || !isEmpty(possible.difference) || possible.example !== undefined) process.exitCode = 1;
    });
}

const help = `
${sidesHelp}
New names of policies, another order and other groups of rules are no difference.

Examples:
  netpol diff git:main program
  netpol diff git:main program --output md > comment.md
  netpol diff live program
  netpol diff manifests/ program --inventory pods.yaml
  netpol diff git:main clusters/prod
  netpol diff live live --config-after upgraded-cilium-config.yaml`;

function written(
  difference: Difference,
  possible: Possible,
  { titles: [before, after], basis }: Sides,
  output: Output,
): string {
  switch (output) {
    case "table": {
      const { summary, sentences } = describe(difference);
      const more = possibleSentences(possible);
      const lines = [
        `${before} → ${after}: ${summary}`,
        ...sentences.map(line),
        ...(more.length === 0 ? [] : [possibleTitle, ...more.map(line)]),
      ];
      return `${lines.map((text) => `${text}\n`).join("")}\n${sidesLines(basis)
        .map((text) => `${text}\n`)
        .join("")}`;
    }
    case "md":
      return `${markdown(difference, possible, `${code(before)} → ${code(after)}`)}${sidesLines(basis)
        .map((text) => `- ${escaped(text)}\n`)
        .join("")}`;
    case "json":
      return dataText(
        { before, after, ...describe(difference), ...difference, possible: possibleData(possible), basis },
        output,
      );
  }
}

const topics = {
  workloads: { title: "Workloads", mark: "*", style: "bold" },
  "default deny": { title: "Default deny", mark: "!", style: "yellow" },
  closed: { title: "Closed", mark: "-", style: "red" },
  opened: { title: "Opened", mark: "+", style: "green" },
  changed: { title: "On other conditions", mark: "~", style: "yellow" },
  "not decidable": { title: "Not decidable", mark: "?", style: "yellow" },
} as const satisfies Record<Topic, { title: string; mark: string; style: "bold" | "yellow" | "red" | "green" }>;

function line({ topic, text }: Sentence): string {
  const { mark, style } = topics[topic];
  return styleText(style, `${mark} ${text}`, { stream: process.stdout });
}

const possibleTitle = "For pods that could exist";

/** What changes beside what the pods that there are show, and whether that is all. */
function possibleSentences(possible: Possible, setOff?: SetOff): Sentence[] {
  const { difference, example, isMore, undecided } = possible;
  return [
    ...describe(difference, setOff).sentences,
    ...(example === undefined
      ? []
      : [
          {
            topic: "changed" as const,
            text: `not for all of a set that can be named, for example ${questionText(example)}; netpol prove equal shows it with its objects`,
          },
        ]),
    ...(isMore ? [{ topic: "changed" as const, text: "and more than is listed" }] : []),
    ...undecided.map((reason): Sentence => ({ topic: "not decidable", text: `whether that is all: ${reason}` })),
  ];
}

const possibleData = (possible: Possible) => {
  const { opened, closed, changed } = possible.difference;
  const { example, isMore, undecided } = possible;
  return {
    sentences: possibleSentences(possible),
    opened,
    closed,
    changed,
    example: example === undefined ? null : questionText(example),
    isMore,
    undecided,
  };
};

/** For a comment on a pull request: one line that says it all, then a list for each topic. */
function markdown(difference: Difference, possible: Possible, title: string): string {
  const { summary, sentences } = describe(difference, code);
  const more = possibleSentences(possible, code);
  const lists = [...Map.groupBy(sentences, ({ topic }) => topic)].map(([topic, own]) =>
    [`**${topics[topic].title}**`, "", ...own.map(({ text }) => `- ${escaped(text)}`), ""].join("\n"),
  );
  const others =
    more.length === 0 ? [] : [`**${possibleTitle}**`, "", ...more.map(({ text }) => `- ${escaped(text)}`), ""];
  return [`### Network policies: ${summary}`, "", title, "", ...lists, ...others].join("\n");
}

const code = (name: string): string => `\`${name}\``;

/** What stands outside of code as plain text. */
const escaped = (text: string): string =>
  text
    .split("`")
    .map((part, at) => (at % 2 === 0 ? part.replaceAll(/[*_<|]/g, "\\$&") : part))
    .join("`");
