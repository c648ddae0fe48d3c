package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"time"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	"github.com/cilium/cilium/pkg/source"
)

// load imports policies as the agent's policy importer does and gives those that it refuses.
func (w *world) load(policies []json.RawMessage) ([]refusal, error) {
	refused := []refusal{}
	tables, err := newServiceTables(w.inventory.Services)
	if err != nil {
		return refused, err
	}
	var entries types.PolicyEntries
	for i, raw := range policies {
		rules, resource, err := parse(raw, w.inventory.Cluster, tables)
		if err != nil {
			refused = append(refused, refusal{Policy: i, Error: err.Error()})
			continue
		}
		imported := policyutils.RulesToPolicyEntries(rules)
		w.repo.ReplaceByResource(imported, resource)
		entries = append(entries, imported...)
	}

	updates := w.prefixesOfPolicies(entries)
	groups, err := w.prefixesOfGroups()
	if err != nil {
		return refused, err
	}
	names, err := w.prefixesOfNames(entries)
	if err != nil {
		return refused, err
	}
	updates = append(append(updates, groups...), names...)
	revision := w.ipcache.UpsertMetadataBatch(updates...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return refused, w.ipcache.WaitForRevision(ctx, revision)
}

func parse(raw json.RawMessage, cluster string, services serviceTables) (api.Rules, ipcachetypes.ResourceID, error) {
	var meta struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return nil, "", err
	}
	switch meta.Kind {
	case "CiliumNetworkPolicy":
		var cnp v2.CiliumNetworkPolicy
		if err := json.Unmarshal(raw, &cnp); err != nil {
			return nil, "", err
		}
		services.resolve(&cnp)
		rules, err := cnp.Parse(discard, cluster)
		namespace := k8sutils.ExtractNamespace(&cnp.ObjectMeta)
		return rules, ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCNP, namespace, cnp.Name), err
	case "CiliumClusterwideNetworkPolicy":
		var ccnp v2.CiliumClusterwideNetworkPolicy
		if err := json.Unmarshal(raw, &ccnp); err != nil {
			return nil, "", err
		}
		services.resolve(&v2.CiliumNetworkPolicy{Spec: ccnp.Spec, Specs: ccnp.Specs})
		rules, err := ccnp.Parse(discard, cluster)
		return rules, ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCCNP, "", ccnp.Name), err
	default:
		return nil, "", fmt.Errorf("not a Cilium policy: kind %q", meta.Kind)
	}
}

func (w *world) prefixesOfPolicies(entries types.PolicyEntries) []ipcache.MU {
	var updates []ipcache.MU
	for _, prefix := range policy.GetCIDRPrefixes(entries) {
		updates = append(updates, ipcache.MU{
			Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.Generated, IsCIDR: true,
			Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCNP, "", prefix.String()),
			Metadata: []ipcache.IPMetadata{labels.GetCIDRLabels(prefix)},
		})
	}
	return updates
}

// prefixesOfGroups labels the prefixes of CIDR groups as policy/k8s: cidrsAndLabelsForCIDRGroup does.
func (w *world) prefixesOfGroups() ([]ipcache.MU, error) {
	var updates []ipcache.MU
	for _, g := range w.inventory.CIDRGroups {
		groupLabels := labels.Labels{}
		for key, value := range g.Labels {
			label := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
			encoded := labels.EncodedCIDRGroupLabel(label.Key, label.Value, label.Source)
			groupLabels[label.Key], groupLabels[encoded.Key] = label, encoded
		}
		name := api.LabelForCIDRGroupRef(g.Name)
		groupLabels[name.Key] = name
		for _, cidr := range g.CIDRs {
			prefix, err := netip.ParsePrefix(cidr)
			if err != nil {
				return nil, fmt.Errorf("CIDR group %s: %w", g.Name, err)
			}
			prefixLabels := maps.Clone(groupLabels)
			prefixLabels.AddWorldLabel(prefix.Addr())
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.Generated,
				Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCIDRGroup, "", g.Name),
				Metadata: []ipcache.IPMetadata{prefixLabels},
			})
		}
	}
	return updates, nil
}

// prefixesOfNames labels the addresses of DNS names with the selectors that match them, as the agent's name manager does
// once the DNS proxy has seen the answer. A name without addresses gets one that no policy is likely to name.
func (w *world) prefixesOfNames(entries types.PolicyEntries) ([]ipcache.MU, error) {
	selectors := map[api.FQDNSelector]struct{}{}
	for _, entry := range entries {
		for _, peer := range entry.L3 {
			if selector, ok := peer.GetFQDNSelector(); ok {
				selectors[*selector] = struct{}{}
			}
		}
	}
	var updates []ipcache.MU
	for i, n := range w.inventory.Names {
		nameLabels := labels.Labels{}
		for selector := range selectors {
			expression, err := selector.ToRegex()
			if err != nil {
				return nil, err
			}
			if expression.MatchString(strings.ToLower(dns.FQDN(n.Name))) {
				label := selector.IdentityLabel()
				nameLabels[label.Key] = label
			}
		}
		addresses := n.Addresses
		if len(addresses) == 0 {
			addresses = []string{netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}).String()}
		}
		for _, address := range addresses {
			addr, err := netip.ParseAddr(address)
			if err != nil {
				return nil, fmt.Errorf("name %s: %w", n.Name, err)
			}
			if _, known := w.names[n.Name]; !known {
				w.names[n.Name] = addr
			}
			if len(nameLabels) == 0 {
				continue
			}
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(netip.PrefixFrom(addr, addr.BitLen())), Source: source.Generated,
				Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindDaemon, "", "fqdn-name-manager/"+n.Name),
				Metadata: []ipcache.IPMetadata{maps.Clone(nameLabels)},
			})
		}
	}
	return updates, nil
}
