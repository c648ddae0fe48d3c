package main

import (
	"encoding/json"
	"fmt"

	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
)

// imported is a policy as the agent's repository takes it.
type imported struct {
	entries  types.PolicyEntries
	resource ipcachetypes.ResourceID
}

// importAll reads policies as the agent's watcher does (policy/k8s), and gives those that it refuses or does not watch.
func importAll(policies []json.RawMessage, agent agent, services serviceTables) ([]imported, []refusal, []ignored) {
	var taken []imported
	refused, ignoredOnes := []refusal{}, []ignored{}
	for i, raw := range policies {
		var meta struct {
			Kind string `json:"kind"`
		}
		if err := json.Unmarshal(raw, &meta); err != nil {
			refused = append(refused, refusal{Policy: i, Error: err.Error()})
			continue
		}
		if key := watched(meta.Kind); key != "" {
			ignoredOnes = append(ignoredOnes, ignored{Policy: i, Key: key})
			continue
		}
		p, err := read(meta.Kind, raw, agent.cluster, services)
		if err != nil {
			refused = append(refused, refusal{Policy: i, Error: err.Error()})
			continue
		}
		taken = append(taken, p)
	}
	return taken, refused, ignoredOnes
}

func read(kind string, raw json.RawMessage, cluster string, services serviceTables) (imported, error) {
	switch kind {
	case "CiliumNetworkPolicy":
		var cnp v2.CiliumNetworkPolicy
		if err := json.Unmarshal(raw, &cnp); err != nil {
			return imported{}, err
		}
		services.resolve(&cnp)
		rules, err := cnp.Parse(discard, cluster)
		resource := ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCNP, k8sutils.ExtractNamespace(&cnp.ObjectMeta), cnp.Name)
		return imported{policyutils.RulesToPolicyEntries(rules), resource}, err
	case "CiliumClusterwideNetworkPolicy":
		var ccnp v2.CiliumClusterwideNetworkPolicy
		if err := json.Unmarshal(raw, &ccnp); err != nil {
			return imported{}, err
		}
		services.resolve(&v2.CiliumNetworkPolicy{Spec: ccnp.Spec, Specs: ccnp.Specs})
		rules, err := ccnp.Parse(discard, cluster)
		resource := ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCCNP, "", ccnp.Name)
		return imported{policyutils.RulesToPolicyEntries(rules), resource}, err
	case "NetworkPolicy":
		var np slim_networkingv1.NetworkPolicy
		if err := json.Unmarshal(raw, &np); err != nil {
			return imported{}, err
		}
		entries, err := k8s.ParseNetworkPolicy(discard, cluster, &np)
		return imported{entries, ipcachetypes.NewResourceID(ipcachetypes.ResourceKindNetpol, np.Namespace, np.Name)}, err
	case "ClusterNetworkPolicy":
		var kcnp policyv1alpha2.ClusterNetworkPolicy
		if err := json.Unmarshal(raw, &kcnp); err != nil {
			return imported{}, err
		}
		entries, err := k8s.ParseClusterNetworkPolicy(discard, cluster, &kcnp)
		return imported{entries, ipcachetypes.NewResourceID(ipcachetypes.ResourceKindKCNP, "", kcnp.Name)}, err
	default:
		return imported{}, fmt.Errorf("not a policy: kind %q", kind)
	}
}
