// Command cluster runs etcd and kube-apiserver in one process: a real Kubernetes API with Cilium's two policy CRDs, and no
// nodes. It listens on free ports of 127.0.0.1, keeps its data in a temporary folder, and prints one line of JSON on
// standard output once the API server is ready:
//
//	{"kubeconfig":"/tmp/cluster-1/kubeconfig","context":"embedded","server":"https://127.0.0.1:40123"}
//
// It stops, and removes the folder, on SIGINT, on SIGTERM, and when its standard input closes, which also happens when the
// process that started it is killed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const contextName = "embedded"

type ready struct {
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`
	Server     string `json:"server"`
}

func main() {
	namespaces := flag.String("namespaces", "", "namespaces to create, separated by commas")
	withoutCRDs := flag.Bool("without-crds", false, "leave out Cilium's custom resource definitions")
	verbose := flag.Bool("verbose", false, "show the API server's log on standard error")
	flag.Parse()
	if !*verbose {
		silenceLogs()
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	err := run(ctx, strings.FieldsFunc(*namespaces, func(r rune) bool { return r == ',' }), !*withoutCRDs)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// run serves the API until ctx ends or a server fails.
func run(ctx context.Context, namespaces []string, withCRDs bool) error {
	dir, err := os.MkdirTemp("", "cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	etcd, err := startEtcd(ctx, filepath.Join(dir, "etcd"))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer etcd.Close()

	server, err := startAPIServer(ctx, dir, etcd.Clients[0].Addr().String())
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	defer server.wait()

	if err := populate(ctx, server.client, namespaces, withCRDs); err != nil {
		return err
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(server.client, kubeconfig); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready{kubeconfig, contextName, server.client.Host}); err != nil {
		return err
	}
	return server.wait()
}
