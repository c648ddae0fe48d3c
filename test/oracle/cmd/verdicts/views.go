package main

// view is the agent that judges an end, by its node: one of the inventory, or one of which nothing is known but whether it
// runs the API server.
type view struct {
	node         string
	controlPlane bool
}

// viewOf gives the view of an end's own agent. A view differs from another only in which node is the local one, so where
// none is asked about, the ends share one.
func (d directory) viewOf(e end) view {
	subject, other := d.named(e.subject), d.named(e.peer)
	switch {
	case subject.Kind == "node":
		return view{node: subject.Name}
	case subject.isNode():
		return view{controlPlane: subject.runsAPIServer()}
	case other.Kind == "entity":
		return view{controlPlane: other.Entity == "control-plane-host"}
	case subject.Kind == "endpoint" && other.Kind != "endpoint":
		return view{node: d.nodes[subject.Namespace+"/"+subject.Name]}
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
