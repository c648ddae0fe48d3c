package main

import (
	"fmt"
	"net/netip"

	"github.com/cilium/statedb"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/loadbalancer"
	policyk8s "github.com/cilium/cilium/pkg/policy/k8s"
	"github.com/cilium/cilium/pkg/source"
)

// serviceTables are the agent's tables of Services and their backends.
type serviceTables struct {
	db       *statedb.DB
	services statedb.RWTable[*loadbalancer.Service]
	backends statedb.RWTable[*loadbalancer.Backend]
}

func newServiceTables(known []service) (serviceTables, error) {
	t := serviceTables{db: statedb.New()}
	var err error
	if t.services, err = loadbalancer.NewServicesTable(loadbalancer.DefaultConfig, t.db); err != nil {
		return t, err
	}
	if t.backends, err = loadbalancer.NewBackendsTable(t.db); err != nil {
		return t, err
	}
	txn := t.db.WriteTxn(t.services, t.backends)
	defer txn.Abort()
	for _, s := range known {
		name := loadbalancer.NewServiceName(s.Namespace, s.Name)
		_, _, err := t.services.Insert(txn, &loadbalancer.Service{
			Name: name, Labels: labels.Map2Labels(s.Labels, labels.LabelSourceK8s), Selector: s.Selector,
		})
		if err != nil {
			return t, err
		}
		for _, text := range s.Addresses {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return t, fmt.Errorf("service %s: %w", name, err)
			}
			backend := &loadbalancer.Backend{
				ServiceName: name,
				Address:     loadbalancer.NewL3n4Addr(loadbalancer.TCP, cmtypes.AddrClusterFrom(address, 0), 0, loadbalancer.ScopeExternal),
				Source:      source.Kubernetes,
			}
			if _, _, err := t.backends.Insert(txn, backend); err != nil {
				return t, err
			}
		}
	}
	txn.Commit()
	return t, nil
}

// resolve turns the toServices of a policy into endpoints and CIDRs, as the agent does before it parses the policy.
func (t serviceTables) resolve(policy *v2.CiliumNetworkPolicy) {
	policyk8s.ResolveToServices(t.db.ReadTxn(), t.services, t.backends, policy)
}
