#!/bin/sh
# Links the site of the context east to that of the context west. The token goes from one command
# to the other, and never touches a disk.
set -eu

kubectl --context west apply -f west.yaml
kubectl --context east apply -f east.yaml

hawser token issue - --context west --namespace west --expiration-window 5m |
  hawser token redeem - --context east --namespace east

hawser link status --context east --namespace east
