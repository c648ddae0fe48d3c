package main

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/cilium/statedb"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_discoveryv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/discovery/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/option"
	policyk8s "github.com/cilium/cilium/pkg/policy/k8s"
	"github.com/cilium/cilium/pkg/source"
)

// serviceTables are the agent's tables of Services and their backends.
type serviceTables struct {
	db       *statedb.DB
	services statedb.RWTable[*loadbalancer.Service]
	backends statedb.RWTable[*loadbalancer.Backend]
}

func newServiceTables(inv inventory) (serviceTables, error) {
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
	for _, s := range inv.Services {
		if err := t.insert(txn, s); err != nil {
			return t, fmt.Errorf("service %s/%s: %w", s.Namespace, s.Name, err)
		}
	}
	for i, raw := range inv.ServiceObjects {
		if err := t.insertObject(txn, raw); err != nil {
			return t, fmt.Errorf("service object %d: %w", i, err)
		}
	}
	txn.Commit()
	return t, nil
}

func (t serviceTables) insert(txn statedb.WriteTxn, s service) error {
	name := loadbalancer.NewServiceName(s.Namespace, s.Name)
	if err := t.insertService(txn, name, s.Labels, s.Selector); err != nil {
		return err
	}
	for _, text := range s.Addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return err
		}
		if err := t.insertBackend(txn, name, cmtypes.AddrClusterFrom(address, 0), loadbalancer.L4Addr{Protocol: loadbalancer.TCP}); err != nil {
			return err
		}
	}
	return nil
}

// insertObject reads a Service or an EndpointSlice as loadbalancer/reflectors: convertService and convertEndpoints do.
func (t serviceTables) insertObject(txn statedb.WriteTxn, raw json.RawMessage) error {
	var meta struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return err
	}
	switch meta.Kind {
	case "Service":
		var s slim_corev1.Service
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		return t.insertService(txn, loadbalancer.NewServiceName(s.Namespace, s.Name), s.Labels, s.Spec.Selector)
	case "EndpointSlice":
		var s slim_discoveryv1.EndpointSlice
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		slice := k8s.ParseEndpointSliceV1(discard, &s)
		for address, backend := range slice.Backends {
			if address.Is6() && !option.Config.EnableIPv6 || address.Is4() && !option.Config.EnableIPv4 {
				continue
			}
			for port := range backend.Ports {
				if err := t.insertBackend(txn, slice.ServiceName, address, port); err != nil {
					return err
				}
			}
		}
		return nil
	default:
		return fmt.Errorf("neither a Service nor an EndpointSlice: kind %q", meta.Kind)
	}
}

func (t serviceTables) insertService(txn statedb.WriteTxn, name loadbalancer.ServiceName, lbls, selector map[string]string) error {
	_, _, err := t.services.Insert(txn, &loadbalancer.Service{
		Name: name, Labels: labels.Map2Labels(lbls, labels.LabelSourceK8s), Selector: selector,
	})
	return err
}

func (t serviceTables) insertBackend(txn statedb.WriteTxn, name loadbalancer.ServiceName, address cmtypes.AddrCluster, port loadbalancer.L4Addr) error {
	_, _, err := t.backends.Insert(txn, &loadbalancer.Backend{
		ServiceName: name,
		Address:     loadbalancer.NewL3n4Addr(port.Protocol, address, port.Port, loadbalancer.ScopeExternal),
		Source:      source.Kubernetes,
	})
	return err
}

// resolve turns the toServices of a policy into endpoints and CIDRs, as the agent does before it parses the policy.
func (t serviceTables) resolve(policy *v2.CiliumNetworkPolicy) {
	policyk8s.ResolveToServices(t.db.ReadTxn(), t.services, t.backends, policy)
}
