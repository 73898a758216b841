/* What differs between Kubernetes releases: the one table, from kubeadm's constants and each minor's change log. */
#ifndef INVENTORY_RELEASE_H
#define INVENTORY_RELEASE_H

#include <stdbool.h>
#include <stddef.h>

struct release {
	const char *minor;         /* "1.36" */
	const char *kubeadm_api;   /* "v1beta4"; v1beta2 has extraArgs as maps and no timeouts */
	bool extra_args_list;
	const char *kubelet_config; /* ConfigMap of kube-system with what kubelets are given */
	bool has_validate;         /* kubeadm config validate */
	bool has_upgrade_config;   /* UpgradeConfiguration: v1beta4 */
	bool has_timeouts;         /* InitConfiguration.timeouts */
	bool super_admin;          /* super-admin.conf exists */
	bool sa_rsa;               /* kubeadm refuses an EC sa.key at a control-plane join */
	bool needs_crictl;         /* kubeadm pulls images by crictl */
	bool learner;              /* etcd members join as learners */
	const char *admin_org;     /* O of admin.conf's certificate */
	/* apiserver-kubelet-client has O=admin_org up to patch N - 1, and none from N on; 0: none; large: always */
	int kubelet_client_org_before;
	const char *policy_api;    /* of the Eviction that a drain posts */
	const char *taint;         /* key of the control plane's taint */
	const char *image_repository;
	const char *pause;         /* tag */
	const char *containerd_floor, *containerd_recommended;
	const char *repository;    /* of packages, apt; NULL: there is no public one any more */
	bool seccomp_default;      /* KubeletConfiguration has seccompDefault */
	bool cgroup_v1;            /* kubelet runs on cgroup v1 without a setting */
	/* etcd's version that its members must have before kubeadm brings its own; NULL: any will do */
	const char *etcd_floor;
	const char *etcd_oldest;   /* that its API servers and kubeadm's flags for etcd work with; NULL: any */
};

/* By "1.36" or "1.36.2"; NULL when unsupported. */
const struct release *release_find(const char *version);
/* "1.20, 1.34, 1.35, 1.36" */
const char *release_supported(void);
/* -1, 0, 1 by numbers: "1.6.20~ds1-1+b1" < "1.7.0". Only leading dotted numbers count; an epoch "1:" is skipped. */
int release_compare(const char *a, const char *b);
/* 36 of "v1.36.2", "1.36"; -1: it has no second number. */
int release_minor(const char *version);
/*
 * The newest patch of a minor ("1.36") that an apt repository's index (the text of its Packages file) has kubeadm of,
 * without the package's own revision: "1.36.2"; "" when there is none. Pre-releases do not count.
 */
void release_newest(const char *index, const char *minor, char out[32]);

#endif
