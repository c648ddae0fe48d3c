package main

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/source"
)

// labelPrefixes tells the ipcache the labels of all prefixes that have some; it derives their identities from them.
func (w *world) labelPrefixes(entries types.PolicyEntries) error {
	groups, err := w.prefixesOfGroups()
	if err != nil {
		return err
	}
	names, err := w.prefixesOfNames(entries)
	if err != nil {
		return err
	}
	nodes, err := w.prefixesOfNodes()
	if err != nil {
		return err
	}
	revision := w.ipcache.UpsertMetadataBatch(slices.Concat(w.prefixesOfPolicies(entries), groups, names, nodes)...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return w.ipcache.WaitForRevision(ctx, revision)
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
// once the DNS proxy, which is a part of the L7 proxy, has seen the answer. A name without addresses gets one that no policy
// is likely to name.
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
			if len(nameLabels) == 0 || !option.Config.EnableL7Proxy {
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
