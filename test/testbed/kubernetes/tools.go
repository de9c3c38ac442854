//go:build tools

// Package testbed pins the programs of a Kubernetes API server that the tests start.
package testbed

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
