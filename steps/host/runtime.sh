# What containerd is asked before and after it takes up its files: for put.sh.
# Answers: containerd_version.
# shellcheck shell=sh disable=SC2154,SC2015,SC2034
before() {
	make_dir /etc/containerd/conf.d 755
	make_dir /etc/containerd/certs.d 755
}

accepts_containerd() {
	kw_says=$(timeout 20 containerd --config /etc/containerd/config.toml config dump 2>&1 >/dev/null </dev/null) && return 0
	log "$kw_says"
	kw_why="containerd refuses the configuration: $(printf '%s\n' "$kw_says" | grep . | tail -n 1 | cut -c1-300)"
	kw_hint="the earlier configuration is back and containerd was not touched; correct containerd.config of the inventory"
	return 1
}

ready_containerd() { timeout 5 ctr version >/dev/null 2>&1; }

after() { say containerd_version "$(containerd --version | awk '{ print $3 }')"; }
