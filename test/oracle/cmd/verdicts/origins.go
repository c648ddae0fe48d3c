package main

import (
	"cmp"
	"slices"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
)

// origin is a policy, or a rule of Cilium's own, whose kind is "cilium".
type origin struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// originsOf names the policies of the rules behind a policy map entry.
func originsOf(meta policy.RuleMeta) []origin {
	var origins []origin
	for _, ruleLabels := range meta.LabelArray() {
		of := func(key string) string { return ruleLabels.Get(labels.LabelSourceK8sKeyPrefix + key) }
		o := origin{of(k8sconst.PolicyLabelDerivedFrom), of(k8sconst.PolicyLabelNamespace), of(k8sconst.PolicyLabelName)}
		if o.Name == "" {
			o = origin{Kind: "cilium", Name: ruleLabels.Get(labels.LabelSourceReservedKeyPrefix + policy.LabelKeyPolicyDerivedFrom)}
		}
		origins = append(origins, o)
	}
	slices.SortFunc(origins, func(a, b origin) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(origins)
}
