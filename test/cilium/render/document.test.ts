import assert from "node:assert/strict";
import { namespace, oneOf } from "../../../cilium/language.ts";
import { type ConfiguredCluster, configure, type Settings } from "../../../cilium/model/cluster.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { renderDocument } from "../../../cilium/render/document.ts";
import { declared, program } from "../../rendered.ts";

const render = (cluster: ConfiguredCluster) => renderDocument(cluster, "npm run netpol -- docs");
const withSettings = (changed: Partial<Settings>) => render(configure(declared, { ...program.config, ...changed }));

describe("The document of a program", () => {
  const document = render(program.cluster);

  it("says beside a component's name which pods it is and where the kubelet probes them", () => {
    const components = document.split("\n").flatMap((line) => /^\| (\*\*[^|]+?) \|/.exec(line)?.[1] ?? []);
    assert.ok(components.includes("**sensor** (timetable, tides)"));
    assert.ok(components.includes("**coredns** (probes 8080/8181)"));
    assert.ok(components.includes("**backup**"));
  });

  it("says that it is generated, and by which command", () => {
    assert.match(document, /generated from the program by `npm run netpol -- docs`/);
  });

  it("names the ports where rules on HTTP would break TLS", () => {
    assert.match(document, /TLS arrives unopened at argocd\/server:8080 and identity\/login:8443/);
  });

  it("says which pods a group is, and where nothing is refused for want of a rule", () => {
    const shop = namespace("shop");
    shop.group("all", { defaultDeny: "none" });
    shop.group("front", { labels: { tier: oneOf("web", "app") } });
    const groups = render(configure(readCluster({ namespaces: [shop.flows(() => [])] }), program.config));
    assert.match(groups, /one for each workload and each group of pods, and one .* begins with \(no default deny\)/);
    assert.match(groups, /^\| \*\*all\*\* \(all pods\) \| \(no default deny\) \| \(no default deny\) \|$/m);
    assert.match(groups, /^\| \*\*front\*\* \(pods with tier in \(web, app\)\) \| \(none\) \| \(none\) \|$/m);
    assert.doesNotMatch(document, /group of pods|no default deny/);
  });

  it("explains each name that stands for several or other entities", () => {
    assert.match(document, /`gateway` \(ingress\)/);
    assert.match(document, /`nodes` \(host, remote-node\)/);
    assert.doesNotMatch(document, /`host` \(/);
  });

  it("escapes the stars of DNS patterns, which Markdown would take for emphasis", () => {
    assert.doesNotMatch(document.replaceAll(/\*\*/g, "").replaceAll(/`[^`]*`/g, ""), /(?<!\\)\*/);
  });

  it("follows the config: addresses, names that pods may resolve, default deny, observation", () => {
    assert.match(withSettings({ addresses: { nas: "192.0.2.9" } }), /nas \(192\.0\.2\.9\):2049/);
    assert.match(withSettings({ dnsNames: ["*.example.com"] }), /through the DNS proxy, names: `\*\.example\.com`/);
    assert.match(withSettings({ egressDefaultDeny: true }), /puts every pod into egress default deny/);
    assert.doesNotMatch(document, /in observation/);
    assert.match(
      withSettings({ namespaceEnforcement: { jobs: "observe" } }),
      /The policies of jobs are in observation: nothing is refused there yet/,
    );
  });
});
