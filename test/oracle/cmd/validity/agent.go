package main

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/cilium/cilium/pkg/defaults"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
)

// policy is what both kinds have in common: the agent takes it in with Parse, which sanitizes each rule.
type policy interface {
	Parse(logger *slog.Logger, clusterName string) (api.Rules, error)
}

// configureAgent sets the flags that decide about policies to the agent's defaults; a program that embeds the agent's
// packages starts with all of them off.
func configureAgent() {
	option.Config.EnableL7Proxy = defaults.EnableL7Proxy
	option.Config.EnableICMPRules = defaults.EnableICMPRules
	option.Config.EnableNonDefaultDenyPolicies = defaults.EnableNonDefaultDenyPolicies
	option.Config.EnableNodeSelectorLabels = defaults.EnableNodeSelectorLabels
	option.Config.EnableExtendedIPProtocols = defaults.EnableExtendedIPProtocols
	api.InitEntities("default")
}

// decode reads a stored object as the agent's watch does.
func decode(stored stored) (policy, error) {
	switch stored.kind {
	case v2.CNPKindDefinition:
		decoded := &v2.CiliumNetworkPolicy{}
		return decoded, json.Unmarshal(stored.json, decoded)
	case v2.CCNPKindDefinition:
		decoded := &v2.CiliumClusterwideNetworkPolicy{}
		return decoded, json.Unmarshal(stored.json, decoded)
	default:
		return nil, fmt.Errorf("unknown kind %q", stored.kind)
	}
}

func sanitize(policy policy) error {
	_, err := policy.Parse(slog.New(slog.DiscardHandler), "default")
	return err
}
