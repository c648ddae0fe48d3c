package main

import (
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// owner is the endpoint that a policy is computed for.
type owner struct {
	id    uint64
	ports ciliumtypes.NamedPortMap
	host  bool
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
func (o *owner) IsHost() bool                                { return o.host }
func (o *owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
