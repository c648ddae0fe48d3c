/** The commands of `netpol`, and the words it is given. */
import { Command, CommanderError } from "commander";
import description from "../package.json" with { type: "json" };

/** A command: what it is for, in the list and in its own help, and the file that adds the rest once it is asked for. */
interface Entry {
  readonly name: string;
  readonly purpose: string;
  /** When it ends with 1; a command without it never does. */
  readonly finds?: string;
  readonly load: () => Promise<{ readonly default: (command: Command) => void }>;
}

// biome-ignore format: one command, one line; in the order of --help
const commands: readonly Entry[] = [
  { name: "init", purpose: "bring a cluster in: write a project for the policies of files or of a cluster, proved to allow what they allow", finds: "something of the input is not in it, or a moment on the way opens or closes a flow", load: () => import("./commands/init.ts") },
  { name: "list", purpose: "every flow that the policies allow at both ends", load: () => import("./commands/list.ts") },
  { name: "matrix", purpose: "workloads × workloads: who may connect to whom, on which ports", load: () => import("./commands/matrix.ts") },
  { name: "map", purpose: "who can reach whom as a picture: one HTML file that needs no network", load: () => import("./commands/map.ts") },
  { name: "explain", purpose: "the verdict on one connection at both ends, and what would have to be written to allow it", finds: "the connection is not allowed", load: () => import("./commands/explain.ts") },
  { name: "exposure", purpose: "everything that can reach a workload and that it can reach, also by way of others", load: () => import("./commands/exposure.ts") },
  { name: "check", purpose: "what the API server, Cilium or the policy pack would refuse, and what has no effect", finds: "there is a fault", load: () => import("./commands/check.ts") },
  { name: "diff", purpose: "which flows open and close, which pods enter or leave default deny", finds: "there is a difference", load: () => import("./commands/diff.ts") },
  { name: "prove", purpose: "whether two sets of policies mean the same, or one allows nothing more, for every pod that could exist", finds: "it is refuted", load: () => import("./commands/prove.ts") },
  { name: "test", purpose: "hold the policies against a file of expectations", finds: "an expectation does not hold", load: () => import("./commands/test.ts") },
  { name: "gate", purpose: "judge the program by the policy pack, through the real engine but without a cluster", finds: "a mandatory rule of the pack is broken", load: () => import("./commands/gate.ts") },
  { name: "replay", purpose: "hold recorded Hubble flows against the policies", finds: "something that was let through would be dropped", load: () => import("./commands/replay.ts") },
  { name: "calibrate", purpose: "hold the verdicts on recorded flows against Hubble's own, and say why where they differ", finds: "some differ", load: () => import("./commands/calibrate.ts") },
  { name: "readiness", purpose: "say of each namespace whether what was recorded of it lets it be enforced", finds: "one is not ready", load: () => import("./commands/readiness.ts") },
  { name: "coverage", purpose: "find pods that the policies leave open, and selectors and ports that cover nothing", finds: "a pod is open", load: () => import("./commands/coverage.ts") },
  { name: "preflight", purpose: "say before an update what will stop it and what it will overwrite", finds: "something would stop the update or be overwritten", load: () => import("./commands/preflight.ts") },
  { name: "verify", purpose: "check that a cluster has exactly the stack's policies and Cilium accepts them", finds: "the cluster has something else, or Cilium does not accept it", load: () => import("./commands/verify.ts") },
  { name: "render", purpose: "print every policy as a YAML stream", load: () => import("./commands/render.ts") },
  { name: "inventory", purpose: "print the program's workloads as Pods: the form that --inventory reads", load: () => import("./commands/inventory.ts") },
  { name: "docs", purpose: "write docs/network-policies.md, a table for each namespace and the flows between them, and policypack/cluster.json, what the policy pack has to know of the cluster", finds: "a file is out of date (--check)", load: () => import("./commands/docs.ts") },
];

const found = commands.flatMap(({ name, finds }) => (finds === undefined ? [] : [`${name.padEnd(12)}${finds}`]));

const help = `
Policies are the program's, unless --from, --git or --context says otherwise.

Exit codes:
  0  the answer, and nothing that is 1
  1  ${found.join("\n     ")}
  2  wrong use, input that cannot be read, or nothing to judge

Examples:
  netpol list
  netpol explain argocd/server database/shared-pg 5432
  netpol check --from manifests/ --inventory pods.yaml`;

/**
 * Runs the command that the words name, the only one whose file is loaded: most start slower than they answer.
 * @throws whatever the command throws; wrong use has been told, and is exit code 2.
 */
export async function netpol(words: readonly string[]): Promise<void> {
  const program = new Command("netpol")
    .description("What the network policies of this program, of YAML files or of a cluster allow")
    .version(description.version, "--version", "print the version of netpol")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(netpol --help lists the commands)")
    .addHelpText("after", help)
    .exitOverride();
  // No option before a command takes a value, so that the first word to name one is the command, also after `help`.
  const named = words.find((word) => commands.some(({ name }) => name === word));
  for (const { name, purpose, finds, load } of commands) {
    const command = program.command(name).description(purpose);
    if (name !== named) continue;
    command.showHelpAfterError(`(netpol ${name} --help says more)`);
    (await load()).default(command);
    if (finds !== undefined) command.addHelpText("after", `\nEnds with 1 if ${finds}.`);
  }
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
