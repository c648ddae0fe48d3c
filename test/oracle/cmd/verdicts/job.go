package main

import (
	"encoding/json"
	"fmt"
)

// job is one set of policies over one inventory with the questions to answer about them.
type job struct {
	ID        string            `json:"id"`
	Policies  []json.RawMessage `json:"policies"`
	Inventory inventory         `json:"inventory"`
	Questions []question        `json:"questions"`
}

type inventory struct {
	Cluster    string      `json:"cluster"`
	Endpoints  []endpoint  `json:"endpoints"`
	Nodes      []node      `json:"nodes"`
	Names      []fqdn      `json:"names"`
	CIDRGroups []cidrGroup `json:"cidrGroups"`
	Services   []service   `json:"services"`
	// IPv6 says whether Cilium has IPv6 enabled besides IPv4; it has if this is absent.
	IPv6 *bool `json:"ipv6"`
}

type endpoint struct {
	Namespace       string            `json:"namespace"`
	Name            string            `json:"name"`
	Cluster         string            `json:"cluster"`
	Labels          map[string]string `json:"labels"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	ServiceAccount  string            `json:"serviceAccount"`
	Ports           []namedPort       `json:"ports"`
	Addresses       []string          `json:"addresses"`
}

type namedPort struct {
	Name     string `json:"name"`
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
}

type node struct {
	Name         string   `json:"name"`
	ControlPlane bool     `json:"controlPlane"`
	Addresses    []string `json:"addresses"`
}

type fqdn struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
}

type cidrGroup struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	CIDRs  []string          `json:"cidrs"`
}

// service has a selector, or else the addresses of its backends.
type service struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Selector  map[string]string `json:"selector"`
	Addresses []string          `json:"addresses"`
}

type question struct {
	Source      peer   `json:"source"`
	Destination peer   `json:"destination"`
	Protocol    string `json:"protocol"`
	Port        uint16 `json:"port"`
}

// peer is one end of a question: an endpoint of the inventory, an entity, an address or a DNS name.
type peer struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Entity    string `json:"entity"`
	Address   string `json:"address"`
}

type answer struct {
	ID      string    `json:"id"`
	Refused []refusal `json:"refused"`
	Answers []ends    `json:"answers"`
}

// refusal is a policy that the agent does not accept, and why.
type refusal struct {
	Policy int    `json:"policy"`
	Error  string `json:"error"`
}

// ends holds the verdict at each end that Cilium enforces; an end that it does not enforce is absent.
type ends struct {
	Egress  *verdict `json:"egress,omitempty"`
	Ingress *verdict `json:"ingress,omitempty"`
}

type verdict struct {
	Allowed bool `json:"allowed"`
	// Redirect is the parser that traffic is redirected to: "", "http", "dns", "tls" or "crd".
	Redirect string `json:"redirect,omitempty"`
	// Auth says that the traffic must be authenticated first.
	Auth string `json:"auth,omitempty"`
	// Origins are the policies whose rules made the policy map entry, or a name of Cilium's for rules of its own.
	Origins []string `json:"origins,omitempty"`
	// Error is why the endpoint's policy could not be computed; the agent then keeps the previous one.
	Error string `json:"error,omitempty"`
}

func (j job) answer() (answer, error) {
	result := answer{ID: j.ID, Refused: []refusal{}, Answers: make([]ends, len(j.Questions))}
	worlds := map[bool]*world{}
	defer func() {
		for _, w := range worlds {
			w.close()
		}
	}()
	worldFor := func(controlPlaneHost bool) (*world, error) {
		if w, ok := worlds[controlPlaneHost]; ok {
			return w, nil
		}
		w, err := newWorld(j.Inventory, controlPlaneHost)
		if err != nil {
			return nil, err
		}
		worlds[controlPlaneHost] = w
		refused, err := w.load(j.Policies)
		result.Refused = refused
		return w, err
	}

	// The labels of the local host are global to a process, so questions about each kind of host are answered in turn.
	for _, controlPlaneHost := range []bool{false, true} {
		for i, q := range j.Questions {
			asksControlPlane := q.Source.Entity == "control-plane-host" || q.Destination.Entity == "control-plane-host"
			if asksControlPlane != controlPlaneHost {
				continue
			}
			w, err := worldFor(controlPlaneHost)
			if err != nil {
				return result, err
			}
			if result.Answers[i], err = w.ask(q); err != nil {
				return result, fmt.Errorf("question %d: %w", i, err)
			}
		}
	}
	return result, nil
}
