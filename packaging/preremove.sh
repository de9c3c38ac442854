#!/bin/sh
# What deb and rpm run before the package goes: the unit ends with it. Another version that takes over
# leaves it running (deb says upgrade, rpm the number of versions that are left).
case ${1:-} in
  remove | 0) ;;
  *) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl disable --now hawser-controller || :
fi
