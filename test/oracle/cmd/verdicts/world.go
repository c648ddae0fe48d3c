package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"sync"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/source"
	testcertificatemanager "github.com/cilium/cilium/pkg/testutils/certificatemanager"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
)

// configureAgent sets the agent's options as they are by default on Kubernetes.
func configureAgent() {
	option.Config.EnableIPv4 = true
	option.Config.EnableL7Proxy = true
	option.Config.EnableICMPRules = true
	option.Config.EnableNonDefaultDenyPolicies = true
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	if err := labelsfilter.ParseLabelPrefixCfg(discard, nil, nil, ""); err != nil {
		panic(err)
	}
}

var discard = slog.New(slog.DiscardHandler)

// world is one cluster as a node's agent sees it. Everything in it is Cilium's own code but the identity allocator, the
// double that Cilium's tests ship: the real one needs a cluster to number identities in.
type world struct {
	inventory inventory
	cancel    context.CancelFunc
	allocator *testidentity.MockIdentityAllocator
	ipcache   *ipcache.IPCache
	repo      *policy.Repository
	endpoints map[string]*localEndpoint
	remote    map[string]*identity.Identity
	names     map[string]netip.Addr
	resolved  map[string]*policy.EndpointPolicy
	failed    map[string]error
}

// localEndpoint is an endpoint that this cluster enforces policies on.
type localEndpoint struct {
	owner
	identity *identity.Identity
}

func newWorld(inv inventory, controlPlaneHost bool) (*world, error) {
	option.Config.ClusterName = inv.Cluster
	option.Config.EnableIPv6 = inv.IPv6 == nil || *inv.IPv6
	api.InitEntities(inv.Cluster)
	identity.AddReservedIdentityWithLabels(identity.ReservedIdentityHost, hostLabels(controlPlaneHost))

	ctx, cancel := context.WithCancel(context.Background())
	w := &world{
		inventory: inv,
		cancel:    cancel,
		allocator: testidentity.NewMockIdentityAllocator(nil),
		endpoints: map[string]*localEndpoint{},
		remote:    map[string]*identity.Identity{},
		names:     map[string]netip.Addr{},
		resolved:  map[string]*policy.EndpointPolicy{},
		failed:    map[string]error{},
	}
	w.repo = policy.NewPolicyRepository(discard, identity.ListReservedIdentities(), &testcertificatemanager.Fake{},
		envoypolicy.NewEnvoyL7RulesTranslator(discard, nil), identitymanager.NewIDManager(discard), testpolicy.NewPolicyMetricsNoop())
	w.repo.GetSelectorCache().SetLocalIdentityNotifier(testidentity.NewDummyIdentityNotifier())
	w.UpdateIdentities(identity.ListReservedIdentities(), nil)
	w.ipcache = ipcache.NewIPCache(&ipcache.Configuration{
		Context: ctx, Logger: discard, IdentityAllocator: w.allocator, IdentityUpdater: w,
	})
	w.repo.SetNamedPortsGetter(w.ipcache)

	if err := w.addEndpoints(); err != nil {
		return w, err
	}
	return w, w.addNodes()
}

func (w *world) close() {
	w.cancel()
	_ = w.ipcache.Shutdown()
}

// UpdateIdentities tells both selector caches of identities, as the agent's identity updater does.
func (w *world) UpdateIdentities(added, deleted identity.IdentityMap) <-chan struct{} {
	// A cache removes from its arguments what it knows already.
	w.repo.UpdateIdentities(maps.Clone(added), maps.Clone(deleted))
	var wg sync.WaitGroup
	w.repo.GetSelectorCache().UpdateIdentities(maps.Clone(added), maps.Clone(deleted), &wg)
	wg.Wait()
	done := make(chan struct{})
	close(done)
	return done
}

func hostLabels(controlPlane bool) labels.Labels {
	result := labels.NewFrom(labels.LabelHost)
	if controlPlane {
		result.MergeLabels(labels.LabelKubeAPIServer)
	}
	return result
}

func (w *world) addEndpoints() error {
	for i, e := range w.inventory.Endpoints {
		name := e.Namespace + "/" + e.Name
		id, ports, err := w.allocate(e, i)
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", name, err)
		}
		w.UpdateIdentities(identity.IdentityMap{id.ID: id.LabelArray}, nil)
		if e.Cluster == "" || e.Cluster == w.inventory.Cluster {
			w.endpoints[name] = &localEndpoint{owner{id: uint64(i + 1), ports: ports}, id}
		} else {
			w.remote[name] = id
		}

		addresses := e.Addresses
		if len(addresses) == 0 {
			addresses = []string{netip.AddrFrom4([4]byte{241, byte(i >> 16), byte(i >> 8), byte(i)}).String()}
		}
		meta := &ipcache.K8sMetadata{Namespace: e.Namespace, PodName: e.Name, NamedPorts: ports}
		for _, address := range addresses {
			_, err := w.ipcache.Upsert(address, net.IPv4(242, 0, 0, 1), 0, meta, ipcache.Identity{ID: id.ID, Source: source.CustomResource})
			if err != nil {
				return fmt.Errorf("endpoint %s: %w", name, err)
			}
		}
	}
	return nil
}

// allocate gives the identity that the agent would give a pod (endpoint/metadata: FetchK8sMetadataForEndpoint).
func (w *world) allocate(e endpoint, index int) (*identity.Identity, ciliumtypes.NamedPortMap, error) {
	cluster := e.Cluster
	if cluster == "" {
		cluster = w.inventory.Cluster
	}
	ports := make([]slim_corev1.ContainerPort, len(e.Ports))
	for i, p := range e.Ports {
		ports[i] = slim_corev1.ContainerPort{Name: p.Name, ContainerPort: int32(p.Port), Protocol: slim_corev1.Protocol(p.Protocol)}
	}
	namespaceLabels := map[string]string{"kubernetes.io/metadata.name": e.Namespace}
	for key, value := range e.NamespaceLabels {
		namespaceLabels[key] = value
	}
	option.Config.ClusterName = cluster
	namedPorts, podLabels := k8s.GetPodMetadata(discard,
		&slim_corev1.Namespace{ObjectMeta: slim_metav1.ObjectMeta{Name: e.Namespace, Labels: namespaceLabels}},
		&slim_corev1.Pod{
			ObjectMeta: slim_metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Name, Labels: e.Labels},
			Spec:       slim_corev1.PodSpec{ServiceAccountName: e.ServiceAccount, Containers: []slim_corev1.Container{{Ports: ports}}},
		})
	option.Config.ClusterName = w.inventory.Cluster

	identityLabels, _ := labelsfilter.Filter(labels.Map2Labels(podLabels, labels.LabelSourceK8s))
	for _, label := range k8s.NamedPortsIdentityLabels(namedPorts) {
		identityLabels[label.Key] = label
	}
	if cluster != w.inventory.Cluster {
		const otherCluster = 1 << 16
		return identity.NewIdentity(identity.NumericIdentity(otherCluster|1000+index), identityLabels), namedPorts, nil
	}
	id, _, err := w.allocator.AllocateIdentity(context.Background(), identityLabels, false, identity.InvalidIdentity)
	return id, namedPorts, err
}

func (w *world) addNodes() error {
	for _, n := range w.inventory.Nodes {
		nodeLabels := labels.NewFrom(labels.LabelRemoteNode)
		if n.ControlPlane {
			nodeLabels.MergeLabels(labels.LabelKubeAPIServer)
		}
		for _, address := range n.Addresses {
			addr, err := netip.ParseAddr(address)
			if err != nil {
				return fmt.Errorf("node %s: %w", n.Name, err)
			}
			w.label(netip.PrefixFrom(addr, addr.BitLen()), ipcachetypes.ResourceKindNode, n.Name, nodeLabels)
		}
	}
	return nil
}

// label attaches labels to a prefix; the ipcache derives the identities of prefixes from them.
func (w *world) label(prefix netip.Prefix, kind ipcachetypes.ResourceKind, name string, lbls labels.Labels) {
	w.ipcache.UpsertMetadata(cmtypes.NewLocalPrefixCluster(prefix), source.Generated, ipcachetypes.NewResourceID(kind, "", name), lbls)
}
