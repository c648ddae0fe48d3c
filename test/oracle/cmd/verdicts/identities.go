package main

import (
	"fmt"
	"net/netip"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/option"
)

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

// worldIdentity is what an address outside the cluster has that no policy names. An agent that has the address's family
// switched off never sees it; it gets the identity that no prefix of the other family selects.
func worldIdentity(address netip.Addr) identity.NumericIdentity {
	switch {
	case address.Is6() && !option.Config.EnableIPv6:
		return identity.ReservedIdentityWorldIPv6
	case address.Is4() && !option.Config.EnableIPv4:
		return identity.ReservedIdentityWorldIPv4
	default:
		return identity.GetWorldIdentityFromIP(address)
	}
}

// identityOf gives the identity of a peer as the agent of the subject's node knows it.
func (w *world) identityOf(p, subject peer) (*identity.Identity, error) {
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
		// Between two nodes each is remote to the other.
		if subject.isNode() && p.Entity == "host" {
			return identity.LookupReservedIdentity(identity.ReservedIdentityRemoteNode), nil
		}
		if subject.isNode() && p.Entity == "control-plane-host" {
			return identity.LookupReservedIdentity(identity.ReservedIdentityKubeAPIServer), nil
		}
		if id, ok := entityIdentities[p.Entity]; ok {
			return identity.LookupReservedIdentity(id), nil
		}
		return nil, fmt.Errorf("no entity %s", p.Entity)
	case "node":
		if address, ok := w.nodes[p.Name]; ok {
			return w.identityOfAddress(address)
		}
		return nil, fmt.Errorf("no node %q", p.Name)
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
