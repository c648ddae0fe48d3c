package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/client"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
)

// apiServer does to a manifest what the API server does on create, with the server's own packages: strict decoding,
// pruning, defaulting, and the validation of metadata, schema, list sets and CEL rules.
type apiServer map[string]resource

type resource struct {
	namespaced bool
	schema     *structuralschema.Structural
	strategy   interface {
		Validate(ctx context.Context, obj runtime.Object) field.ErrorList
	}
}

type stored struct {
	kind string
	json []byte
}

func newAPIServer() (apiServer, error) {
	server := apiServer{}
	for kind, crd := range map[string]string{
		v2.CNPKindDefinition:  client.CNPCRDName,
		v2.CCNPKindDefinition: client.CCNPCRDName,
	} {
		definition := client.GetPregeneratedCRD(slog.New(slog.DiscardHandler), crd)
		resource, err := newResource(definition)
		if err != nil {
			return nil, fmt.Errorf("CRD %s: %w", crd, err)
		}
		server[kind] = resource
	}
	return server, nil
}

func newResource(crd apiextensionsv1.CustomResourceDefinition) (resource, error) {
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	var internal apiextensions.CustomResourceValidation
	version := crd.Spec.Versions[0]
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(
		version.Schema, &internal, nil,
	); err != nil {
		return resource{}, err
	}
	structural, err := structuralschema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return resource{}, err
	}
	validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return resource{}, err
	}
	namespaced := crd.Spec.Scope == apiextensionsv1.NamespaceScoped
	kind := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}
	return resource{
		namespaced: namespaced,
		schema:     structural,
		strategy:   customresource.NewStrategy(nil, namespaced, kind, validator, nil, structural, nil, nil, nil),
	}, nil
}

// store gives what the API server would store, or why it refuses.
func (s apiServer) store(manifest []byte) (stored, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(manifest); err != nil {
		return stored{}, err
	}
	resource, ok := s[object.GetKind()]
	if !ok {
		return stored{}, fmt.Errorf("unknown kind %q", object.GetKind())
	}

	meta, _, unknown, err := objectmeta.GetObjectMetaWithOptions(object.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return stored{}, err
	}
	unknown = append(unknown, pruning.PruneWithOptions(object.Object, resource.schema, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	if len(unknown) > 0 {
		return stored{}, fmt.Errorf("strict decoding error: unknown fields %s", strings.Join(unknown, ", "))
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, resource.schema)
	defaulting.Default(object.Object, resource.schema)
	if err := objectmeta.SetObjectMeta(object.Object, meta); err != nil {
		return stored{}, err
	}
	if resource.namespaced && object.GetNamespace() == "" {
		object.SetNamespace("default")
	}

	if errs := resource.strategy.Validate(context.Background(), object); len(errs) > 0 {
		return stored{}, errs.ToAggregate()
	}
	bytes, err := json.Marshal(object.Object)
	return stored{kind: object.GetKind(), json: bytes}, err
}
