package main

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/spf13/viper"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/defaults"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// policyDefaultLocalCluster is a flag of the agent that has no name in its code.
const policyDefaultLocalCluster = "policy-default-local-cluster"

// agentDefaults are the keys of cilium-config that change verdicts, as they are on Kubernetes where they are left out:
// the agent's own defaults, but for IPv6, which only Helm's values switch off, and for the localhost, which
// daemon/cmd: configureDaemon always allows there.
var agentDefaults = map[string]any{
	option.EnablePolicy:                         option.DefaultEnforcement,
	option.AllowLocalhost:                       option.AllowLocalhostAuto,
	option.PolicyCIDRMatchMode:                  defaults.PolicyCIDRMatchMode,
	option.EnableIPv4Name:                       true,
	option.EnableIPv6Name:                       false,
	option.EnableL7Proxy:                        defaults.EnableL7Proxy,
	option.EnableICMPRules:                      defaults.EnableICMPRules,
	option.EnableSCTPName:                       defaults.EnableSCTP,
	option.EnableExtendedIPProtocols:            defaults.EnableExtendedIPProtocols,
	option.EnableHostFirewall:                   false,
	option.EnableNodeSelectorLabels:             defaults.EnableNodeSelectorLabels,
	option.EnableNonDefaultDenyPolicies:         defaults.EnableNonDefaultDenyPolicies,
	option.EnableK8sNetworkPolicy:               defaults.EnableK8sNetworkPolicy,
	option.EnableK8sClusterNetworkPolicy:        defaults.EnableK8sClusterNetworkPolicy,
	option.EnableCiliumNetworkPolicy:            defaults.EnableCiliumNetworkPolicy,
	option.EnableCiliumClusterwideNetworkPolicy: defaults.EnableCiliumClusterwideNetworkPolicy,
	option.PolicyAuditModeArg:                   false,
	option.Labels:                               []string{},
	option.NodeLabels:                           []string{},
	policyDefaultLocalCluster:                   cmtypes.DefaultPolicyConfig.PolicyDefaultLocalCluster,
}

// agent is what its configuration says beyond the globals of the agent's packages.
type agent struct {
	// cluster is the local cluster as policies mean it where they name none; empty for any cluster.
	cluster string
}

// configureAgent sets the globals of the agent's packages as the agent does when it starts under a job's configuration.
// The error is why it would not start.
func configureAgent(j job) (agent, error) {
	vp := viper.New()
	for key, value := range agentDefaults {
		vp.SetDefault(key, value)
	}
	vp.SetDefault(cmtypes.OptClusterName, j.Inventory.Cluster)
	if j.Config == nil {
		vp.SetDefault(option.EnableIPv6Name, j.Inventory.IPv6 == nil || *j.Inventory.IPv6)
	}
	config := maps.Clone(j.Config)
	maps.DeleteFunc(config, func(key, _ string) bool {
		_, known := agentDefaults[key]
		return !known && key != cmtypes.OptClusterName
	})
	for key, value := range config {
		// As option: validateConfigMapFlag has it.
		if _, isBool := agentDefaults[key].(bool); isBool {
			if _, err := strconv.ParseBool(value); err != nil {
				return agent{}, fmt.Errorf("option %s: %w", key, err)
			}
		}
		vp.Set(key, value)
	}
	option.Config.Populate(discard, vp)
	if err := checkConfig(); err != nil {
		return agent{}, err
	}

	if option.Config.UnsafeDaemonConfigOption.AllowLocalhost == option.AllowLocalhostAuto {
		option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	}
	policy.SetPolicyEnabled(option.Config.EnablePolicy)
	if err := labelsfilter.ParseLabelPrefixCfg(discard, option.Config.Labels, option.Config.NodeLabels, ""); err != nil {
		return agent{}, fmt.Errorf("option %s: %w", option.Labels, err)
	}
	api.InitEntities(option.Config.ClusterName)
	mesh := cmtypes.PolicyConfig{PolicyDefaultLocalCluster: vp.GetBool(policyDefaultLocalCluster)}
	return agent{cluster: cmtypes.LocalClusterNameForPolicies(mesh, option.Config.ClusterName)}, nil
}

// checkConfig repeats those of the agent's checks that are about these keys (daemon/cmd: initEnv, option: Validate).
func checkConfig() error {
	config := option.Config
	localhost := strings.ToLower(config.UnsafeDaemonConfigOption.AllowLocalhost)
	switch localhost {
	case option.AllowLocalhostAlways, option.AllowLocalhostAuto, option.AllowLocalhostPolicy:
		config.UnsafeDaemonConfigOption.AllowLocalhost = localhost
	default:
		return fmt.Errorf("invalid setting for --allow-localhost: %q", localhost)
	}
	for _, mode := range config.PolicyCIDRMatchMode {
		if mode != "nodes" && mode != "pods" {
			return fmt.Errorf("unknown CIDR match mode: %s", mode)
		}
	}
	if !config.EnableIPv4 && !config.EnableIPv6 {
		return fmt.Errorf("either IPv4 or IPv6 addressing must be enabled")
	}
	return cmtypes.ValidateClusterName(config.ClusterName)
}

// watched says which configuration key stands against a kind of policy; empty if the agent watches it.
func watched(kind string) string {
	for _, k := range []struct {
		kind, key string
		enabled   bool
	}{
		{"CiliumNetworkPolicy", option.EnableCiliumNetworkPolicy, option.Config.EnableCiliumNetworkPolicy},
		{"CiliumClusterwideNetworkPolicy", option.EnableCiliumClusterwideNetworkPolicy, option.Config.EnableCiliumClusterwideNetworkPolicy},
		{"NetworkPolicy", option.EnableK8sNetworkPolicy, option.Config.EnableK8sNetworkPolicy},
		{"ClusterNetworkPolicy", option.EnableK8sClusterNetworkPolicy, option.Config.EnableK8sClusterNetworkPolicy},
	} {
		if k.kind == kind && !k.enabled {
			return k.key
		}
	}
	return ""
}
