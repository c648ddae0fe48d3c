package main

import (
	"fmt"
	"net/netip"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/source"
)

// prefixesOfNodes labels the addresses of nodes as node/manager: NodeUpdated does, and those of the API server as
// ipcache/cell: registerAPIServerBackendWatcher does.
func (w *world) prefixesOfNodes() ([]ipcache.MU, error) {
	var updates []ipcache.MU
	for i, n := range w.inventory.Nodes {
		addresses, err := addressesOr(n.Addresses, netip.AddrFrom4([4]byte{240, 0, byte(i >> 8), byte(i)}))
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
		w.nodes[n.Name] = addresses[0]
		for _, address := range addresses {
			updates = append(updates, ipcache.MU{
				Prefix: prefixOf(address), Source: source.CustomResource,
				Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindNode, "", n.Name),
				Metadata: []ipcache.IPMetadata{w.nodeLabels(n, address)},
			})
		}
	}
	for _, text := range w.inventory.APIServer {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("API server: %w", err)
		}
		updates = append(updates, ipcache.MU{
			Prefix: prefixOf(address), Source: source.KubeAPIServer,
			Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindEndpoint, "default", "kubernetes"),
			Metadata: []ipcache.IPMetadata{labels.LabelKubeAPIServer},
		})
	}
	return updates, nil
}

// nodeLabels are the labels of a node's address as a peer (node/manager: nodeIdentityLabels).
func (w *world) nodeLabels(n node, address netip.Addr) labels.Labels {
	result := labels.NewFrom(labels.LabelRemoteNode)
	if n.Name == w.view.node {
		result = labels.NewFrom(labels.LabelHost)
	}
	if n.ControlPlane {
		result.MergeLabels(labels.LabelKubeAPIServer)
	}
	if option.Config.PolicyCIDRMatchesNodes() {
		result.MergeLabels(labels.GetCIDRLabels(netip.PrefixFrom(address, address.BitLen())))
	}
	if option.Config.PerNodeLabelsEnabled() {
		kept, _ := labelsfilter.FilterNodeLabels(labels.Map2Labels(n.Labels, labels.LabelSourceNode))
		result.MergeLabels(kept)
		result.MergeLabels(labels.Map2Labels(map[string]string{
			k8sconst.PolicyLabelCluster: option.Config.ClusterName,
		}, labels.LabelSourceK8s))
	}
	return result
}

// hostIdentity is the identity of the local node as a subject of policies (endpoint: InitWithNodeLabels).
func (w *world) hostIdentity() *identity.Identity {
	result := labels.NewFrom(labels.LabelHost)
	for _, n := range w.inventory.Nodes {
		if n.Name == w.view.node {
			kept, _ := labelsfilter.Filter(labels.Map2Labels(n.Labels, labels.LabelSourceK8s))
			result.MergeLabels(kept)
		}
	}
	return identity.NewIdentity(identity.ReservedIdentityHost, result)
}

func addressesOr(texts []string, otherwise netip.Addr) ([]netip.Addr, error) {
	if len(texts) == 0 {
		return []netip.Addr{otherwise}, nil
	}
	addresses := make([]netip.Addr, len(texts))
	for i, text := range texts {
		var err error
		if addresses[i], err = netip.ParseAddr(text); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

func prefixOf(address netip.Addr) cmtypes.PrefixCluster {
	return cmtypes.NewLocalPrefixCluster(netip.PrefixFrom(address, address.BitLen()))
}
