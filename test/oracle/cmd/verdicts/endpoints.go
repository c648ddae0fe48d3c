package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	"github.com/cilium/cilium/pkg/k8s"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/source"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
)

// localEndpoint is an endpoint that this cluster enforces policies on.
type localEndpoint struct {
	owner
	identity *identity.Identity
}

func (w *world) addEndpoints() error {
	for i, e := range w.inventory.Endpoints {
		if e.HostNetwork {
			continue
		}
		name := e.Namespace + "/" + e.Name
		addresses, err := addressesOr(e.Addresses, netip.AddrFrom4([4]byte{241, byte(i >> 16), byte(i >> 8), byte(i)}))
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", name, err)
		}
		id, ports, err := w.allocate(e, i, addresses)
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", name, err)
		}
		w.UpdateIdentities(identity.IdentityMap{id.ID: id.LabelArray}, nil)
		if w.isLocal(e) {
			w.endpoints[name] = &localEndpoint{owner{id: uint64(i + 1), ports: ports}, id}
		} else {
			w.remote[name] = id
		}

		meta := &ipcache.K8sMetadata{Namespace: e.Namespace, PodName: e.Name, NamedPorts: ports}
		for _, address := range addresses {
			id := ipcache.Identity{ID: id.ID, Source: source.CustomResource}
			if _, err := w.ipcache.Upsert(address.String(), net.IPv4(242, 0, 0, 1), 0, meta, id); err != nil {
				return fmt.Errorf("endpoint %s: %w", name, err)
			}
		}
	}
	return nil
}

// allocate gives the identity that the agent would give a pod (endpoint/metadata: FetchK8sMetadataForEndpoint).
func (w *world) allocate(e endpoint, index int, addresses []netip.Addr) (*identity.Identity, ciliumtypes.NamedPortMap, error) {
	ports := make([]slim_corev1.ContainerPort, len(e.Ports))
	for i, p := range e.Ports {
		ports[i] = slim_corev1.ContainerPort{Name: p.Name, ContainerPort: int32(p.Port), Protocol: slim_corev1.Protocol(p.Protocol)}
	}
	namespaceLabels := map[string]string{"kubernetes.io/metadata.name": e.Namespace}
	maps.Copy(namespaceLabels, e.NamespaceLabels)
	serviceAccount := e.ServiceAccount
	if serviceAccount == "" {
		serviceAccount = "default"
	}
	local := option.Config.ClusterName
	if !w.isLocal(e) {
		option.Config.ClusterName = e.Cluster
	}
	namedPorts, podLabels := k8s.GetPodMetadata(discard,
		&slim_corev1.Namespace{ObjectMeta: slim_metav1.ObjectMeta{Name: e.Namespace, Labels: namespaceLabels}},
		&slim_corev1.Pod{
			ObjectMeta: slim_metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Name, Labels: e.Labels},
			Spec:       slim_corev1.PodSpec{ServiceAccountName: serviceAccount, Containers: []slim_corev1.Container{{Ports: ports}}},
		})
	option.Config.ClusterName = local

	identityLabels, _ := labelsfilter.Filter(labels.Map2Labels(podLabels, labels.LabelSourceK8s))
	for _, label := range k8s.NamedPortsIdentityLabels(namedPorts) {
		identityLabels[label.Key] = label
	}
	if !w.isLocal(e) {
		const otherCluster = 1 << 16
		return identity.NewIdentity(identity.NumericIdentity(otherCluster|1000+index), identityLabels), namedPorts, nil
	}
	maps.Copy(identityLabels, w.cidrLabels(addresses))
	id, _, err := w.allocator.AllocateIdentity(context.Background(), identityLabels, false, identity.InvalidIdentity)
	return id, namedPorts, err
}

// isLocal says whether an endpoint is of the agent's own cluster, whatever name that has in its configuration.
func (w *world) isLocal(e endpoint) bool { return e.Cluster == "" || e.Cluster == w.inventory.Cluster }

// cidrLabels are the labels that a pod takes up from the prefixes around its addresses (endpoint: computeCIDRLabelsRLocked).
func (w *world) cidrLabels(addresses []netip.Addr) labels.Labels {
	result := labels.Labels{}
	if !option.Config.PolicyCIDRMatchesPods() {
		return result
	}
	for _, address := range addresses {
		hasCIDR := false
		for _, label := range w.ipcache.GetMetadataLabels(address) {
			if label.Source == labels.LabelSourceCIDR || label.Source == labels.LabelSourceCIDRGroup {
				result[label.GetExtendedKey()] = label
				hasCIDR = hasCIDR || label.Source == labels.LabelSourceCIDR
			}
		}
		if !hasCIDR {
			wildcard := "cidr:0.0.0.0/0"
			if address.Is6() {
				wildcard = "cidr:::/0"
			}
			label := labels.ParseLabel(wildcard)
			result[label.GetExtendedKey()] = label
		}
	}
	return result
}
