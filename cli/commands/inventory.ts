/** `netpol inventory`: the endpoints that policies are judged against, as the objects that `--inventory` reads. */
import type { Command } from "commander";
import { objectsOf } from "../../cilium/kubernetes/inventory.ts";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import { readStack } from "../stack.ts";

export default function inventory(command: Command): void {
  command
    .option("-s, --stack <name>", "the stack whose config applies", "prod")
    .addHelpText(
      "after",
      "\nEach workload is one Pod with its name, labels and named ports.\n\nExample:\n  netpol inventory > pods.yaml && netpol list --inventory pods.yaml",
    )
    .action(async ({ stack }: { readonly stack: string }) => {
      const objects = objectsOf(inventoryOf((await readStack(stack)).cluster));
      process.stdout.write(objects.map((object) => `---\n${yaml(object)}`).join(""));
    });
}
