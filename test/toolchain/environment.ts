/**
 * What the Pulumi CLI runs in: a home and a file backend of its own, policy packs, and doubles of the plugins that this
 * machine cannot have.
 */
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import type { Ended } from "../cli/command.ts";
import { serveLanguageHost } from "../language-host/double.ts";
import { compileCache } from "../project.ts";
import { type Double, serveDouble } from "../provider/double.ts";
import { stoppedOnInterrupt, temporaryFolder } from "./lifetime.ts";
import { toolchain } from "./pulumi.ts";

export type Environment = {
  /** Its variables besides those of this process. */
  readonly variables: Readonly<Record<string, string>>;
  /** Stands in for the Kubernetes provider; undefined where the genuine one is used. */
  readonly double: Double | undefined;
  /** Runs a command in it, beside this process, which may be serving the doubles. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Ended>;
  close(): Promise<void>;
};

type RunOptions = {
  readonly cwd?: string;
  readonly variables?: NodeJS.ProcessEnv;
  /** Ends the command with SIGKILL; its code is then null. */
  readonly kill?: AbortSignal;
};

/**
 * @param kubeconfig what KUBECONFIG is
 * @param double asks for the provider's double even where the genuine provider is at hand, for tests that inject faults
 * @param node the Node.js that runs programs and packs; a genuine language host takes it from the PATH
 */
export async function openEnvironment(
  kubeconfig: string,
  { double: wanted = false, node = process.execPath } = {},
): Promise<Environment> {
  const { command, plugins, hasLanguageHost } = await toolchain();
  const folder = temporaryFolder("pulumi");
  const [home, backend] = [join(folder, "home"), join(folder, "backend")];
  for (const needed of [home, backend]) mkdirSync(needed);
  if (plugins !== undefined) symlinkSync(plugins, join(home, "plugins"));

  const variables: Record<string, string> = {
    KUBECONFIG: kubeconfig,
    NODE_COMPILE_CACHE: compileCache,
    PATH: [
      dirname(node),
      dirname(command.command),
      ...(hasLanguageHost ? [] : [policyHost(folder, node)]),
      process.env.PATH,
    ].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const double = plugins === undefined || wanted ? await serveDouble(kubeconfig) : undefined;
  if (double) variables.PULUMI_DEBUG_PROVIDERS = `kubernetes:${double.port}`;
  const languageHost = hasLanguageHost ? undefined : await serveLanguageHost(variables, node);
  if (languageHost) variables.PULUMI_DEBUG_LANGUAGES = `nodejs:${languageHost.port}`;

  const close = stoppedOnInterrupt(async () => {
    double?.stop();
    languageHost?.stop();
  });
  const run: Environment["run"] = async (command, args, { cwd, variables: more, kill } = {}) => {
    const env = { ...process.env, ...variables, ...more };
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    kill?.addEventListener("abort", () => child.kill("SIGKILL"));
    const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await closed, stdout, stderr };
  };
  return { variables, double, run, close };
}

/** A folder for the PATH with what starts policy packs, which a language host that is not a double does itself. */
function policyHost(folder: string, node: string): string {
  const bin = join(folder, "bin");
  const run = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  mkdirSync(bin);
  writeFileSync(join(bin, "pulumi-analyzer-policy-nodejs"), `#!/bin/sh\nexec "${node}" "${run}" "$@"\n`, {
    mode: 0o755,
  });
  return bin;
}
