package main

import "net/netip"

// view is the agent that judges an end, by its node: one of the inventory, or one of which nothing is known but whether it
// runs the API server.
type view struct {
	node         string
	controlPlane bool
}

// views tells which agent judges an end.
type views struct {
	inventory inventory
	// addresses are those of the inventory's endpoints and nodes.
	addresses map[netip.Addr]peer
	// nodes are those of endpoints, where the inventory has the node.
	nodes map[string]string
}

func newViews(inv inventory) views {
	v := views{inventory: inv, addresses: addressesOf(inv), nodes: map[string]string{}}
	known := map[string]bool{}
	for _, n := range inv.Nodes {
		known[n.Name] = true
	}
	for _, e := range inv.Endpoints {
		if known[e.Node] {
			v.nodes[e.Namespace+"/"+e.Name] = e.Node
		}
	}
	return v
}

// addressesOf says what has an address of the inventory.
func addressesOf(inv inventory) map[netip.Addr]peer {
	owners := map[netip.Addr]peer{}
	add := func(texts []string, owner peer) {
		for _, text := range texts {
			if address, err := netip.ParseAddr(text); err == nil {
				owners[address] = owner
			}
		}
	}
	for _, e := range inv.Endpoints {
		add(e.Addresses, peer{Kind: "endpoint", Namespace: e.Namespace, Name: e.Name})
	}
	for _, n := range inv.Nodes {
		add(n.Addresses, peer{Kind: "node", Name: n.Name})
	}
	return owners
}

// named gives what has an address; other peers as they are.
func (p peer) named(addresses map[netip.Addr]peer) peer {
	if p.Kind != "address" {
		return p
	}
	if address, err := netip.ParseAddr(p.Address); err == nil {
		if owner, ok := addresses[address]; ok {
			return owner
		}
	}
	return p
}

// of gives the view of an end's own agent. A view differs from another only in which node is the local one, so where
// none is asked about, the ends share one.
func (v views) of(e end) view {
	subject, other := e.subject.named(v.addresses), e.peer.named(v.addresses)
	switch {
	case subject.Kind == "node":
		return view{node: subject.Name}
	case subject.isNode():
		return view{controlPlane: subject.runsAPIServer()}
	case other.Kind == "entity":
		return view{controlPlane: other.Entity == "control-plane-host"}
	case subject.Kind == "endpoint" && other.Kind != "endpoint":
		return view{node: v.nodes[subject.Namespace+"/"+subject.Name]}
	default:
		return view{}
	}
}

// isNode says whether a peer is a node, known or not.
func (p peer) isNode() bool {
	switch p.Entity {
	case "host", "control-plane-host", "remote-node", "kube-apiserver":
		return true
	}
	return p.Kind == "node"
}

// runsAPIServer says whether a node entity does.
func (p peer) runsAPIServer() bool {
	return p.Entity == "control-plane-host" || p.Entity == "kube-apiserver"
}
