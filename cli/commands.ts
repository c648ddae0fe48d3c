/** The commands of `netpol`, and the words it is given. */
import { Command, CommanderError } from "commander";
import description from "../package.json" with { type: "json" };

/** A command: what it is for, in the list and in its own help, and the file that adds the rest once it is asked for. */
interface Entry {
  readonly name: string;
  readonly purpose: string;
  readonly load: () => Promise<{ readonly default: (command: Command) => void }>;
}

// biome-ignore format: one command, one line; in the order of --help
const commands: readonly Entry[] = [
  { name: "list", purpose: "every flow that the policies allow at both ends", load: () => import("./commands/list.ts") },
  { name: "matrix", purpose: "workloads × workloads: who may connect to whom, on which ports", load: () => import("./commands/matrix.ts") },
  { name: "map", purpose: "who can reach whom as a picture: one HTML file that needs no network", load: () => import("./commands/map.ts") },
  { name: "explain", purpose: "the verdict on one connection at both ends, and what would have to be written to allow it; 1 unless it is allowed", load: () => import("./commands/explain.ts") },
  { name: "exposure", purpose: "everything that can reach a workload and that it can reach, also by way of others", load: () => import("./commands/exposure.ts") },
  { name: "check", purpose: "what the API server, Cilium or the policy pack would refuse, and what has no effect; 1 if there is any", load: () => import("./commands/check.ts") },
  { name: "diff", purpose: "which flows open and close, which pods enter or leave default deny; 1 if there is a difference", load: () => import("./commands/diff.ts") },
  { name: "test", purpose: "hold the policies against a file of expectations; 1 if one does not hold", load: () => import("./commands/test.ts") },
  { name: "gate", purpose: "judge the program by the policy pack, through the real engine but without a cluster", load: () => import("./commands/gate.ts") },
  { name: "replay", purpose: "hold recorded Hubble flows against the policies; 1 if they would drop what was let through", load: () => import("./commands/replay.ts") },
  { name: "calibrate", purpose: "hold the verdicts on recorded flows against Hubble's own, and say why where they differ; 1 if some do", load: () => import("./commands/calibrate.ts") },
  { name: "coverage", purpose: "find pods that the policies leave open, and selectors and ports that cover nothing; 1 if a pod is open", load: () => import("./commands/coverage.ts") },
  { name: "preflight", purpose: "say before an update what will stop it and what it will overwrite; 1 if there is something", load: () => import("./commands/preflight.ts") },
  { name: "verify", purpose: "check that a cluster has exactly the stack's policies and Cilium accepts them; 1 if not", load: () => import("./commands/verify.ts") },
  { name: "render", purpose: "print every policy as a YAML stream", load: () => import("./commands/render.ts") },
  { name: "inventory", purpose: "print the program's workloads as Pods: the form that --inventory reads", load: () => import("./commands/inventory.ts") },
  { name: "docs", purpose: "write docs/network-policies.md, a table for each namespace and the flows between them, and policypack/cluster.json, what the policy pack has to know of the cluster", load: () => import("./commands/docs.ts") },
];

const help = `
Policies are the program's, unless --from, --git or --context says otherwise.
Ends with 0, with 1 if it found something, with 2 if it was used wrongly or could not read its input.

Examples:
  npm run netpol -- list
  npx netpol explain argocd/server database/shared-pg 5432
  npx netpol check --from manifests/ --inventory pods.yaml`;

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
  for (const { name, purpose, load } of commands) {
    const command = program.command(name).description(purpose);
    if (name === named) (await load()).default(command);
  }
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
