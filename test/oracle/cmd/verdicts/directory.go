package main

import "net/netip"

// directory says who is who in an inventory.
type directory struct {
	// addresses are those of endpoints and nodes.
	addresses map[netip.Addr]peer
	// nodes are those of endpoints, where the inventory has the node.
	nodes map[string]string
	// hostNetwork are the endpoints that share their node's network.
	hostNetwork map[string]bool
}

func newDirectory(inv inventory) directory {
	d := directory{addresses: map[netip.Addr]peer{}, nodes: map[string]string{}, hostNetwork: map[string]bool{}}
	add := func(texts []string, owner peer) {
		for _, text := range texts {
			if address, err := netip.ParseAddr(text); err == nil {
				d.addresses[address] = owner
			}
		}
	}
	known := map[string]bool{}
	for _, n := range inv.Nodes {
		known[n.Name] = true
		add(n.Addresses, peer{Kind: "node", Name: n.Name})
	}
	for _, e := range inv.Endpoints {
		name := e.Namespace + "/" + e.Name
		if known[e.Node] {
			d.nodes[name] = e.Node
		}
		if d.hostNetwork[name] = e.HostNetwork; !e.HostNetwork {
			add(e.Addresses, peer{Kind: "endpoint", Namespace: e.Namespace, Name: e.Name})
		}
	}
	return d
}

// onNetwork gives the node whose network an endpoint shares; other peers as they are.
func (d directory) onNetwork(p peer) peer {
	name := p.Namespace + "/" + p.Name
	if p.Kind == "endpoint" && d.hostNetwork[name] {
		return peer{Kind: "node", Name: d.nodes[name]}
	}
	return p
}

// named gives what has an address or a network; other peers as they are.
func (d directory) named(p peer) peer {
	if p.Kind == "address" {
		if address, err := netip.ParseAddr(p.Address); err == nil {
			if owner, ok := d.addresses[address]; ok {
				return owner
			}
		}
	}
	return d.onNetwork(p)
}
