package main

import "encoding/json"

// job is one set of policies under one configuration over one inventory with the questions to answer about them;
// job.ts documents its form.
type job struct {
	ID        string            `json:"id"`
	Policies  []json.RawMessage `json:"policies"`
	Config    map[string]string `json:"config"`
	Inventory inventory         `json:"inventory"`
	Questions []question        `json:"questions"`
}

type inventory struct {
	Cluster    string      `json:"cluster"`
	Endpoints  []endpoint  `json:"endpoints"`
	Nodes      []node      `json:"nodes"`
	Names      []fqdn      `json:"names"`
	APIServer  []string    `json:"apiServer"`
	CIDRGroups []cidrGroup `json:"cidrGroups"`
	Services   []service   `json:"services"`
	// ServiceObjects are Services and EndpointSlices.
	ServiceObjects []json.RawMessage `json:"serviceObjects"`
	// IPv6 says whether Cilium has IPv6 enabled besides IPv4 where there is no configuration; it has if this is absent.
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
	Node            string            `json:"node"`
	HostNetwork     bool              `json:"hostNetwork"`
}

type namedPort struct {
	Name     string `json:"name"`
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
}

type node struct {
	Name         string            `json:"name"`
	ControlPlane bool              `json:"controlPlane"`
	Addresses    []string          `json:"addresses"`
	Labels       map[string]string `json:"labels"`
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

// peer is one end of a question: an endpoint or a node of the inventory, an entity, an address or a DNS name.
type peer struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Entity    string `json:"entity"`
	Address   string `json:"address"`
}
