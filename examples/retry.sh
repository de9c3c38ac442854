#!/bin/sh
# Runs a command of hawser, and runs it again where that can help:
#
#     retry.sh hawser token redeem west.yaml
#
# A redemption that is run again goes on with the same one: it never costs a second use.
# RETRY_ATTEMPTS is how often it is run at most, RETRY_PAUSE the seconds before the second try;
# each further pause is twice as long.
set -u

attempts=${RETRY_ATTEMPTS:-6}
pause=${RETRY_PAUSE:-2}

attempt=1
while :; do
  "$@"
  code=$?
  case $code in
    8 | 124) ;; # unreachable, timed out
    *) exit "$code" ;;
  esac
  [ "$attempt" -lt "$attempts" ] || exit "$code"
  echo "retry.sh: exit code $code, try $((attempt + 1)) of $attempts in $pause s" >&2
  sleep "$pause"
  attempt=$((attempt + 1))
  pause=$((pause * 2))
done
