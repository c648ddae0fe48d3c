package main

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"sync"

	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"
	testcertificatemanager "github.com/cilium/cilium/pkg/testutils/certificatemanager"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
)

var discard = slog.New(slog.DiscardHandler)

// world is one cluster as a node's agent sees it. Everything in it is Cilium's own code but the identity allocator, the
// double that Cilium's tests ship: the real one needs a cluster to number identities in.
type world struct {
	inventory inventory
	view      view
	cancel    context.CancelFunc
	allocator *testidentity.MockIdentityAllocator
	ipcache   *ipcache.IPCache
	repo      *policy.Repository
	directory directory
	endpoints map[string]*localEndpoint
	remote    map[string]*identity.Identity
	// nodes and names have an address each.
	nodes    map[string]netip.Addr
	names    map[string]netip.Addr
	resolved map[string]*policy.EndpointPolicy
	failed   map[string]error
}

func newWorld(inv inventory, v view, policies []imported) (*world, error) {
	identity.AddReservedIdentityWithLabels(identity.ReservedIdentityHost, hostLabels(v.controlPlane))

	ctx, cancel := context.WithCancel(context.Background())
	w := &world{
		inventory: inv,
		view:      v,
		cancel:    cancel,
		allocator: testidentity.NewMockIdentityAllocator(nil),
		directory: newDirectory(inv),
		endpoints: map[string]*localEndpoint{},
		remote:    map[string]*identity.Identity{},
		nodes:     map[string]netip.Addr{},
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

	var entries types.PolicyEntries
	for _, p := range policies {
		w.repo.ReplaceByResource(p.entries, p.resource)
		entries = append(entries, p.entries...)
	}
	// Prefixes come before pods, which take up the labels of prefixes in policy-cidr-match-mode pods.
	if err := w.labelPrefixes(entries); err != nil {
		return w, err
	}
	return w, w.addEndpoints()
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
