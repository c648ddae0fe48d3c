package main

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// ask answers one question at both ends.
func (w *world) ask(q question) (ends, error) {
	proto, err := u8proto.ParseProtocol(q.Protocol)
	if err != nil {
		return ends{}, err
	}
	source, err := w.identityOf(q.Source)
	if err != nil {
		return ends{}, err
	}
	destination, err := w.identityOf(q.Destination)
	if err != nil {
		return ends{}, err
	}
	egress := policy.EgressKey().WithIdentity(destination.ID).WithPortProto(proto, q.Port)
	ingress := policy.IngressKey().WithIdentity(source.ID).WithPortProto(proto, q.Port)
	return ends{Egress: w.verdict(q.Source, egress), Ingress: w.verdict(q.Destination, ingress)}, nil
}

func (w *world) verdict(subject peer, key policy.Key) *verdict {
	enforced, err := w.policyOf(subject)
	if err != nil {
		return &verdict{Error: err.Error()}
	}
	if enforced == nil {
		return nil
	}
	entry, meta, _ := enforced.Lookup(key)
	result := &verdict{Allowed: !entry.IsDeny(), Origins: origins(meta)}
	if entry.IsRedirectEntry() {
		result.Redirect = parserOf(policy.ListenerPriority(entry.Precedence.ListenerPriority()))
	}
	if entry.AuthRequirement.AuthType() != 0 {
		result.Auth = entry.AuthRequirement.AuthType().String()
	}
	return result
}

// policyOf gives the policy of an end that Cilium enforces policies on, nil for other ends.
func (w *world) policyOf(subject peer) (*policy.EndpointPolicy, error) {
	subjectOwner, id := w.enforced(subject)
	if id == nil {
		return nil, nil
	}
	key := subject.Kind + subject.Namespace + "/" + subject.Name + subject.Entity
	if err, known := w.failed[key]; known {
		return nil, err
	}
	if known, ok := w.resolved[key]; ok {
		return known, nil
	}
	selected, _, err := w.repo.ComputeSelectorPolicy(id)
	if err != nil {
		w.failed[key] = err
		return nil, err
	}
	distilled := selected.DistillPolicy(discard, subjectOwner, map[string]uint16{policy.FallbackRedirectID: math.MaxUint16})
	_ = distilled.Ready()
	w.resolved[key] = distilled
	return distilled, nil
}

func (w *world) enforced(subject peer) (*owner, *identity.Identity) {
	switch subject.Kind {
	case "endpoint":
		if e, ok := w.endpoints[subject.Namespace+"/"+subject.Name]; ok {
			return &e.owner, e.identity
		}
	case "entity":
		switch subject.Entity {
		case "ingress":
			return &owner{id: math.MaxUint16}, identity.LookupReservedIdentity(identity.ReservedIdentityIngress)
		case "health":
			return &owner{id: math.MaxUint16 - 1}, identity.LookupReservedIdentity(identity.ReservedIdentityHealth)
		case "init":
			return &owner{id: math.MaxUint16 - 2}, identity.LookupReservedIdentity(identity.ReservedIdentityInit)
		}
	}
	return nil, nil
}

var entityIdentities = map[string]identity.NumericIdentity{
	"host":               identity.ReservedIdentityHost,
	"control-plane-host": identity.ReservedIdentityHost,
	"remote-node":        identity.ReservedIdentityRemoteNode,
	"kube-apiserver":     identity.ReservedIdentityKubeAPIServer,
	"ingress":            identity.ReservedIdentityIngress,
	"health":             identity.ReservedIdentityHealth,
	"init":               identity.ReservedIdentityInit,
	"unmanaged":          identity.ReservedIdentityUnmanaged,
}

// worldIdentity is what an address outside the cluster has that no policy names.
func worldIdentity(address netip.Addr) identity.NumericIdentity {
	switch {
	case address.Is6():
		return identity.ReservedIdentityWorldIPv6
	case option.Config.EnableIPv6:
		return identity.ReservedIdentityWorldIPv4
	default:
		return identity.ReservedIdentityWorld
	}
}

func (w *world) identityOf(p peer) (*identity.Identity, error) {
	switch p.Kind {
	case "endpoint":
		name := p.Namespace + "/" + p.Name
		if e, ok := w.endpoints[name]; ok {
			return e.identity, nil
		}
		if id, ok := w.remote[name]; ok {
			return id, nil
		}
		return nil, fmt.Errorf("no endpoint %s", name)
	case "entity":
		if p.Entity == "world" {
			return identity.LookupReservedIdentity(worldIdentity(netip.IPv4Unspecified())), nil
		}
		if id, ok := entityIdentities[p.Entity]; ok {
			return identity.LookupReservedIdentity(id), nil
		}
		return nil, fmt.Errorf("no entity %s", p.Entity)
	case "fqdn":
		if address, ok := w.names[p.Name]; ok {
			return w.identityOfAddress(address)
		}
		return nil, fmt.Errorf("no name %s", p.Name)
	case "address":
		address, err := netip.ParseAddr(p.Address)
		if err != nil {
			return nil, err
		}
		return w.identityOfAddress(address)
	default:
		return nil, fmt.Errorf("no kind of peer %q", p.Kind)
	}
}

// identityOfAddress looks an address up as the datapath does: longest prefix first, world otherwise.
func (w *world) identityOfAddress(address netip.Addr) (*identity.Identity, error) {
	id := worldIdentity(address)
	if found, ok := w.ipcache.LookupSecIDByIP(address); ok {
		id = found.ID
	}
	if reserved := identity.LookupReservedIdentity(id); reserved != nil {
		return reserved, nil
	}
	if allocated := w.allocator.LookupIdentityByID(nil, id); allocated != nil {
		return allocated, nil
	}
	for _, remote := range w.remote {
		if remote.ID == id {
			return remote, nil
		}
	}
	return nil, fmt.Errorf("identity %d of %s is unknown", id, address)
}

func parserOf(priority policy.ListenerPriority) string {
	switch priority {
	case policy.ListenerPriorityHTTP:
		return "http"
	case policy.ListenerPriorityDNS:
		return "dns"
	case policy.ListenerPriorityTLS:
		return "tls"
	default:
		return "crd"
	}
}

// origins names the policies of the rules behind a policy map entry.
func origins(meta policy.RuleMeta) []string {
	var names []string
	for _, ruleLabels := range meta.LabelArray() {
		name := ruleLabels.Get(labels.LabelSourceK8sKeyPrefix + k8sconst.PolicyLabelName)
		if namespace := ruleLabels.Get(labels.LabelSourceK8sKeyPrefix + k8sconst.PolicyLabelNamespace); namespace != "" {
			name = namespace + "/" + name
		}
		if name == "" {
			name = "cilium:" + ruleLabels.Get(labels.LabelSourceReservedKeyPrefix+policy.LabelKeyPolicyDerivedFrom)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// owner is the endpoint that a policy is computed for.
type owner struct {
	id    uint64
	ports ciliumtypes.NamedPortMap
}

var _ policy.PolicyOwner = &owner{}

func (o *owner) GetID() uint64 { return o.id }

func (o *owner) GetIngressNamedPort(name string, proto u8proto.U8proto) uint16 {
	port, err := o.ports.GetNamedPort(name, proto)
	if err != nil {
		return 0
	}
	return port
}

func (o *owner) PolicyDebug(string, ...any)                  {}
func (o *owner) IsHost() bool                                { return false }
func (o *owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
