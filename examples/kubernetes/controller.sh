#!/bin/sh
# Runs the grant service in the cluster of the context west. Needs kubectl, the rights of its
# administrator, and IMAGE: the controller's image in a registry that the cluster reads from.
set -eu

# Skupper's controller looks after the sites, here as in the other cluster; its resource
# definitions are part of the manifest where the cluster lacks them.
hawser controller manifest --context west --namespace hawser --image "$IMAGE" --replicas 2 |
  kubectl --context west apply -f -

# What a pipeline may do that issues tokens in the namespace west, and nothing more.
kubectl --context west apply -f west.yaml
hawser controller manifest --context west --namespace west --role issuer |
  kubectl --context west apply -f -
