package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/client"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// populate creates the namespaces and Cilium's policy CRDs, and returns when the API server serves them.
func populate(ctx context.Context, config *rest.Config, namespaces []string, withCRDs bool) error {
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, name := range namespaces {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		_, err := core.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("namespace %s: %w", name, err)
		}
	}
	if !withCRDs {
		return nil
	}
	extensions, err := apiextensions.NewForConfig(config)
	if err != nil {
		return err
	}
	var installed []apiextensionsv1.CustomResourceDefinition
	for _, name := range []string{client.CNPCRDName, client.CCNPCRDName} {
		crd := client.GetPregeneratedCRD(slog.New(slog.DiscardHandler), name)
		if _, err := extensions.CustomResourceDefinitions().Create(ctx, &crd, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("CRD %s: %w", name, err)
		}
		installed = append(installed, crd)
	}
	for _, crd := range installed {
		if err := waitUntilServed(ctx, extensions.RESTClient(), crd.Spec); err != nil {
			return fmt.Errorf("CRD %s: %w", crd.Name, err)
		}
	}
	return nil
}

// waitUntilServed waits until objects can be listed, which is a little after the condition Established.
func waitUntilServed(ctx context.Context, server rest.Interface, crd apiextensionsv1.CustomResourceDefinitionSpec) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		list := server.Get().AbsPath("/apis", crd.Group, crd.Versions[0].Name, crd.Names.Plural)
		return list.Do(ctx).Error() == nil, nil
	})
}

// writeKubeconfig writes the file that kubectl and Pulumi read, with the certificate inside.
func writeKubeconfig(config *rest.Config, path string) error {
	certificate, err := os.ReadFile(config.CAFile)
	if err != nil {
		return err
	}
	kubeconfig := api.NewConfig()
	kubeconfig.Clusters[contextName] = &api.Cluster{Server: config.Host, CertificateAuthorityData: certificate}
	kubeconfig.AuthInfos[contextName] = &api.AuthInfo{Token: config.BearerToken}
	kubeconfig.Contexts[contextName] = &api.Context{Cluster: contextName, AuthInfo: contextName}
	kubeconfig.CurrentContext = contextName
	return clientcmd.WriteToFile(*kubeconfig, path)
}
