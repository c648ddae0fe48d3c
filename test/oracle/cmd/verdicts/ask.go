package main

import (
	"math"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/u8proto"
)

// ask gives the verdict at one end of a question; none where Cilium enforces nothing.
func (w *world) ask(e end, q question) (*verdict, error) {
	proto, err := u8proto.ParseProtocol(q.Protocol)
	if err != nil {
		return nil, err
	}
	remote, err := w.identityOf(w.directory.onNetwork(e.peer), w.directory.named(e.subject))
	if err != nil {
		return nil, err
	}
	enforced, err := w.policyOf(w.directory.named(e.subject))
	if err != nil {
		return &verdict{Error: err.Error()}, nil
	}
	if enforced == nil {
		return nil, nil
	}
	key := policy.IngressKey()
	if e.egress {
		key = policy.EgressKey()
	}
	return verdictOf(enforced, key.WithIdentity(remote.ID).WithPortProto(proto, portOf(proto, q.Port))), nil
}

func verdictOf(enforced *policy.EndpointPolicy, key policy.Key) *verdict {
	entry, meta, _ := enforced.Lookup(key)
	result := &verdict{Allowed: !entry.IsDeny(), Origins: originsOf(meta)}
	if entry.IsDeny() && option.Config.PolicyAuditMode {
		result.Allowed, result.Audited = true, true
	}
	if entry.IsRedirectEntry() {
		result.Redirect = parserOf(policy.ListenerPriority(entry.Precedence.ListenerPriority()))
	}
	if entry.AuthRequirement.AuthType() != 0 {
		result.Auth = entry.AuthRequirement.AuthType().String()
	}
	return result
}

// portOf is the port that the datapath looks up (bpf/lib/conntrack.h: ct_extract_ports4, bpf/lib/policy.h).
func portOf(proto u8proto.U8proto, port uint16) uint16 {
	switch proto {
	case u8proto.SCTP:
		if !option.Config.EnableSCTP && option.Config.EnableExtendedIPProtocols {
			return 0
		}
	case u8proto.ICMP, u8proto.ICMPv6:
		if !option.Config.EnableICMPRules {
			return 0
		}
	}
	return port
}

// droppedWithout names the configuration key without which the datapath drops a question's protocol; empty where it lets
// it through (bpf/lib/conntrack.h: ct_extract_ports4).
func droppedWithout(q question) string {
	proto, err := u8proto.ParseProtocol(q.Protocol)
	if err != nil || option.Config.EnableExtendedIPProtocols {
		return ""
	}
	switch proto {
	case u8proto.TCP, u8proto.UDP, u8proto.ICMP, u8proto.ICMPv6:
		return ""
	case u8proto.SCTP:
		if option.Config.EnableSCTP {
			return ""
		}
		return option.EnableSCTPName
	default:
		return option.EnableExtendedIPProtocols
	}
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
	switch {
	case subject.Kind == "endpoint":
		if e, ok := w.endpoints[subject.Namespace+"/"+subject.Name]; ok {
			return &e.owner, e.identity
		}
	case subject.isNode():
		if option.Config.EnableHostFirewall {
			return &owner{id: math.MaxUint16 - 3, host: true}, w.hostIdentity()
		}
	case subject.Entity == "ingress":
		return &owner{id: math.MaxUint16}, identity.LookupReservedIdentity(identity.ReservedIdentityIngress)
	case subject.Entity == "health":
		return &owner{id: math.MaxUint16 - 1}, identity.LookupReservedIdentity(identity.ReservedIdentityHealth)
	case subject.Entity == "init":
		return &owner{id: math.MaxUint16 - 2}, identity.LookupReservedIdentity(identity.ReservedIdentityInit)
	}
	return nil, nil
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
