#!/usr/bin/env bash
# One whole apply under AddressSanitizer and UndefinedBehaviorSanitizer, one under ThreadSanitizer, each on fresh hosts.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

sanitized() {
	local kind=$1
	scenario "$flavour: an apply under $kind"
	KUBEWRIGHT=$TOP/build-$kind/kubewright
	fresh "$flavour" --hosts cp1,w1
	inventory --single
	apply first
	is "$flavour: $kind: apply ends with 0 (${seconds} s)" "$status" 0
	is "$flavour: $kind: two Ready nodes" "$(ready_nodes)" 2
	apply again
	is "$flavour: $kind: a second apply ends with 0 (${seconds} s)" "$status" 0
	if grep -E 'Sanitizer|runtime error' "$WORK"/*.out; then fail "$flavour: $kind: nothing reported"; else pass "$flavour: $kind: nothing reported"; fi
	scenario_end
}

make -C "$TOP" -j"$(nproc)" sanitized || exit 1
for flavour in "$@"; do
	if ! flavour_present "$flavour"; then
		skip "$flavour: no Kubernetes release in $RELEASE"
		continue
	fi
	for kind in asan tsan; do sanitized $kind; done
done
summary
