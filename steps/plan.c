/* The plans: tables that read like a table of contents. */
#include "steps/security.h"
#include "steps/rotate.h"

#include <string.h>

#define THIS(name) \
	{ \
		name, 0, 0 \
	}
#define CONTROL_PLANES(name, at_least) \
	{ \
		name, ROLE_CONTROL_PLANE, at_least \
	}
#define WORKERS(name) \
	{ \
		name, ROLE_WORKER, 0 \
	}

/* clang-format off */
#define PROBE_STEP \
	{ "probe", "Looking at the host", ROLE_ALL, STEP_OBSERVES, { { 0 } }, \
		probe_check, probe_apply }

#define SEE_STEPS \
	PROBE_STEP, \
	{ "survey", "Asking the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { THIS("probe") }, \
		survey_check, survey_apply }

/* before anything that may set a control plane aside: what its etcd says counts all the same */
#define ASK_ETCD_STEP \
	{ "ask-etcd", "Asking etcd's members", ROLE_CONTROL_PLANE, STEP_OBSERVES, { THIS("survey") }, \
		ask_etcd_check, ask_etcd_apply }

#define SPACE_STEP \
	{ "space", "Asking for etcd's room and alarms", ROLE_CONTROL_PLANE, STEP_OBSERVES, { THIS("ask-etcd") }, \
		space_check, space_apply }

#define DECIDE_STEP \
	{ "decide", "Comparing with the inventory", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("survey", 1) }, \
		decide_check, decide_apply }

#define JUDGE_STEPS \
	/* what only shows when control planes are compared waits for them, as decide does anyway; never for a worker */ \
	{ "preflight", "Checking the host", ROLE_ALL, STEP_OBSERVES, { THIS("probe"), CONTROL_PLANES("probe", 0) }, \
		preflight_check, NULL }, \
	DECIDE_STEP

#define LOOK_STEPS SEE_STEPS, JUDGE_STEPS

/* all at the end: who has a lock left keeps others from changing the cluster */
#define UNLOCK_STEP \
	{ "unlock", "Releasing the lock", ROLE_ALL, STEP_ALWAYS | STEP_LAST, { { 0 } }, \
		unlock_check, unlock_apply }

/* Out of the cluster only when every host was looked at that can be; and no pod goes for what is refused then. */
#define LEAVE_STEPS \
	{ "judge", "Checking that etcd keeps its quorum", ROLE_CONTROL_PLANE, STEP_OBSERVES, \
		{ CONTROL_PLANES("decide", 1), { "probe", ROLE_ALL, 0 }, CONTROL_PLANES("ask-etcd", 0) }, \
		expel_check, judge_apply }, \
	{ "drain", "Evicting pods", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("judge", 1) }, \
		drain_check, drain_apply }, \
	{ "expel", "Removing hosts from the cluster", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("drain", 1) }, \
		expel_check, expel_apply }

/* ENDPOINT_NEEDS, JOIN_NEEDS: what else must be done before a host has a part in the virtual IP, and before it joins. */
#define INSTALL_STEPS(ENDPOINT_NEEDS, JOIN_NEEDS) \
	{ "os", "Preparing the system", ROLE_ALL, 0, { THIS("preflight"), CONTROL_PLANES("decide", 1) }, \
		os_check, os_apply }, \
	{ "packages", "Installing packages", ROLE_ALL, 0, { THIS("os") }, \
		packages_check, packages_apply }, \
	{ "runtime", "Configuring containerd", ROLE_ALL, 0, { THIS("packages") }, \
		runtime_check, runtime_apply }, \
	{ "certificates", "Placing certificates", ROLE_CONTROL_PLANE, 0, { THIS("packages") }, \
		place_check, place_apply }, \
	{ "endpoint", "Setting up the virtual IP", ROLE_CONTROL_PLANE, 0, { THIS("packages") ENDPOINT_NEEDS }, \
		endpoint_check, endpoint_apply }, \
	{ "images", "Pulling images", ROLE_ALL, 0, { THIS("runtime") }, \
		images_check, images_apply }, \
	{ "init", "Starting the first control plane", ROLE_CONTROL_PLANE, 0, \
		{ THIS("images"), THIS("certificates"), THIS("endpoint") }, \
		init_check, init_apply }, \
	{ "cni", "Installing the pod network", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("init", 1) }, \
		cni_check, cni_apply }, \
	{ "join", "Joining the cluster", ROLE_WORKER, 0, { THIS("images"), CONTROL_PLANES("init", 1) JOIN_NEEDS }, \
		join_check, join_apply }, \
	{ "join-control-plane", "Joining the control plane", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ THIS("images"), THIS("certificates"), THIS("endpoint"), CONTROL_PLANES("init", 1) JOIN_NEEDS }, \
		join_check, join_apply }, \
	{ "labels", "Setting labels and taints", ROLE_CONTROL_PLANE, 0, \
		{ CONTROL_PLANES("join-control-plane", 1), WORKERS("join"), CONTROL_PLANES("cni", 1) }, \
		labels_check, labels_apply }, \
	{ "components", "Changing settings of the control plane", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ CONTROL_PLANES("labels", 1) }, \
		components_check, components_apply }, \
	{ "kube-proxy", "Changing settings of kube-proxy", ROLE_CONTROL_PLANE, 0, \
		{ CONTROL_PLANES("labels", 1), CONTROL_PLANES("components", 0) }, \
		kube_proxy_check, kube_proxy_apply }, \
	{ "settings", "Changing settings of kubelets", ROLE_ALL, STEP_ONE_BY_ONE, \
		{ CONTROL_PLANES("labels", 1), CONTROL_PLANES("kube-proxy", 0) }, \
		settings_check, settings_apply }, \
	{ "move", "Moving to another endpoint", ROLE_ALL, STEP_ONE_BY_ONE, \
		{ CONTROL_PLANES("components", 0), THIS("settings") }, \
		move_check, move_apply }, \
	{ "leave-endpoint", "Giving up the earlier endpoint", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ { "move", ROLE_ALL, 0 } }, \
		leave_endpoint_check, leave_endpoint_apply }, \
	{ "verify", "Verifying the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, \
		{ CONTROL_PLANES("labels", 1), CONTROL_PLANES("kube-proxy", 0), { "settings", ROLE_ALL, 0 }, \
			CONTROL_PLANES("leave-endpoint", 0) }, \
		verify_check, verify_apply }, \
	{ "kubeconfig", "Writing the kubeconfig", ROLE_CONTROL_PLANE, 0, \
		{ CONTROL_PLANES("init", 1), CONTROL_PLANES("leave-endpoint", 0) }, \
		kubeconfig_check, kubeconfig_apply }, \
	/* nothing of the cluster waits for it */ \
	{ "snapshots", "Setting timers", ROLE_CONTROL_PLANE, 0, \
		{ THIS("join-control-plane"), CONTROL_PLANES("verify", 0), CONTROL_PLANES("kubeconfig", 0) }, \
		snapshots_check, snapshots_apply }, \
	UNLOCK_STEP

static const struct step install[] = { LOOK_STEPS, INSTALL_STEPS(, ) };

/* The logs first: what is not well with a host may set it aside. */
#define SUPPORT_STEP \
	{ "support", "Fetching logs", ROLE_ALL, STEP_OBSERVES, { { 0 } }, NULL, support_apply }

static const struct step support[] = {
	SUPPORT_STEP,
	LOOK_STEPS,
	INSTALL_STEPS(, )
};

static const struct step support_hosts[] = { SUPPORT_STEP, PROBE_STEP };

/* An argument with a comma needs a name. A control plane's peers forget it only when it is quiet: it would take the virtual IP for its own. */
#define CLEARED , THIS("clear")
#define ALL_CLEARED , CONTROL_PLANES("expel", 1), { "clear", ROLE_ALL, 1 }
static const struct step rejoin[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	JUDGE_STEPS,
	LEAVE_STEPS,
	{ "clear", "Clearing hosts that left", ROLE_ALL, 0, { CONTROL_PLANES("expel", 1) },
		clear_check, world_clean },
	INSTALL_STEPS(ALL_CLEARED, CLEARED)
};

#define MEMBERS , CONTROL_PLANES("members", 1)
static const struct step repair[] = {
	SEE_STEPS,
	/* what is wrong with a host also shows in what the others say */
	{ "mend", "Repairing the host", ROLE_ALL, STEP_ONE_BY_ONE,
		{ { "probe", ROLE_ALL, 0 }, CONTROL_PLANES("survey", 0) },
		mend_check, mend_apply },
	{ "look-again", "Looking at the host again", ROLE_ALL, 0, { THIS("mend") },
		look_again_check, probe_apply },
	{ "ask-again", "Asking the cluster again", ROLE_CONTROL_PLANE, 0,
		{ THIS("look-again"), { "mend", ROLE_ALL, 0 }, CONTROL_PLANES("look-again", 0) },
		ask_again_check, ask_again_apply },
	{ "preflight", "Checking the host", ROLE_ALL, STEP_OBSERVES, { THIS("look-again"), CONTROL_PLANES("look-again", 0) },
		preflight_check, NULL },
	{ "decide", "Comparing with the inventory", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("ask-again", 1) },
		decide_check, decide_apply },
	{ "members", "Removing stale etcd members", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("decide", 1) },
		members_check, members_apply },
	INSTALL_STEPS(, MEMBERS)
};

/* What a host goes through after kubeadm's part; AFTER: what else must be done before. */
#define UPGRADE_HOST(NAME, ROLE, ...) \
	{ NAME "drain", "Evicting pods", ROLE, 0, { __VA_ARGS__ }, \
		upgrade_drain_check, upgrade_drain_apply }, \
	{ NAME "packages", "Installing packages", ROLE, 0, { THIS(NAME "drain") }, \
		upgrade_packages_check, upgrade_packages_apply }, \
	{ NAME "runtime", "Configuring containerd", ROLE, 0, { THIS(NAME "packages") }, \
		upgrade_runtime_check, upgrade_runtime_apply }, \
	{ NAME "kubelet", "Restarting the kubelet", ROLE, 0, { THIS(NAME "runtime") }, \
		upgrade_kubelet_check, upgrade_kubelet_apply }, \
	{ NAME "uncordon", "Letting pods onto the Node", ROLE, 0, { THIS(NAME "kubelet") }, \
		upgrade_uncordon_check, upgrade_uncordon_apply }

static const struct step upgrade[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	/* before what refuses: all that is in the way is reported at once */
	{ "obstacles", "Asking what is in the way", ROLE_CONTROL_PLANE, STEP_OBSERVES, { THIS("ask-etcd"), CONTROL_PLANES("survey", 1) },
		obstacles_check, obstacles_apply },
	{ "decide", "Comparing with the inventory", ROLE_CONTROL_PLANE, STEP_OBSERVES,
		{ CONTROL_PLANES("survey", 1), CONTROL_PLANES("ask-etcd", 0), CONTROL_PLANES("obstacles", 0) },
		decide_check, decide_apply },
	{ "snapshot", "Taking a snapshot of etcd", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, { CONTROL_PLANES("decide", 1), { "probe", ROLE_ALL, 0 } },
		upgrade_snapshot_check, upgrade_snapshot_apply },
	{ "kubeadm", "Installing kubeadm", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("snapshot", 1) },
		upgrade_kubeadm_check, upgrade_kubeadm_apply },
	{ "upgrade", "Upgrading the control plane", ROLE_CONTROL_PLANE, 0, { THIS("kubeadm") },
		upgrade_check, upgrade_apply },
	UPGRADE_HOST("", ROLE_CONTROL_PLANE, CONTROL_PLANES("upgrade", 1)),
	{ "worker-kubeadm", "Installing kubeadm", ROLE_WORKER, 0, { CONTROL_PLANES("uncordon", 1) },
		upgrade_kubeadm_check, upgrade_kubeadm_apply },
	{ "worker-upgrade", "Upgrading the worker", ROLE_WORKER, 0, { THIS("worker-kubeadm") },
		upgrade_check, upgrade_apply },
	UPGRADE_HOST("worker-", ROLE_WORKER, THIS("worker-upgrade")),
	{ "verify", "Verifying the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("uncordon", 1), WORKERS("worker-uncordon") },
		verify_check, upgrade_verify_apply },
	UNLOCK_STEP
};
/* first the control planes, one by one; then their kubelets; then the workers */
static const struct section upgrade_sections[] = {
	{ "control-plane", "kubeadm", "upgrade", 1 },
	{ "control-plane-host", "drain", "uncordon", 1 },
	{ SECTION_WORKERS, "worker-kubeadm", "worker-uncordon", 1 },
};

#define REBOOT_HOST(NAME, ROLE, ...) \
	{ NAME "drain", "Evicting pods", ROLE, 0, { __VA_ARGS__ }, \
		reboot_drain_check, reboot_drain_apply }, \
	{ NAME "reboot", "Rebooting", ROLE, 0, { THIS(NAME "drain") }, \
		reboot_check, reboot_apply }, \
	{ NAME "uncordon", "Letting pods onto the Node", ROLE, 0, { THIS(NAME "reboot") }, \
		reboot_uncordon_check, reboot_uncordon_apply }

static const struct step reboot[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	{ "decide", "Comparing with the inventory", ROLE_CONTROL_PLANE, STEP_OBSERVES,
		{ CONTROL_PLANES("survey", 1), CONTROL_PLANES("ask-etcd", 0) },
		decide_check, decide_apply },
	REBOOT_HOST("", ROLE_CONTROL_PLANE, CONTROL_PLANES("decide", 1), { "probe", ROLE_ALL, 0 }),
	REBOOT_HOST("worker-", ROLE_WORKER, CONTROL_PLANES("decide", 1), CONTROL_PLANES("uncordon", 0)),
	{ "verify", "Verifying the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("uncordon", 1), WORKERS("worker-uncordon") },
		verify_check, verify_apply },
	UNLOCK_STEP
};
static const struct section reboot_sections[] = {
	{ "control-plane", "drain", "uncordon", 1 },
	{ SECTION_WORKERS, "worker-drain", "worker-uncordon", 1 },
};

static const struct step remove_hosts[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	DECIDE_STEP,
	LEAVE_STEPS,
	{ "reset", "Undoing the installation", ROLE_ALL, 0, { CONTROL_PLANES("expel", 1) },
		leave_check, leave_apply },
	/* as above */
	{ "endpoint", "Setting up the virtual IP", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("expel", 1), { "reset", ROLE_ALL, 0 } },
		endpoint_check, endpoint_apply },
	{ "verify", "Verifying the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("endpoint", 1) },
		verify_check, verify_apply },
	{ "approver", "Approving kubelets' certificates", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("verify", 0) },
		approver_check, approver_apply },
	UNLOCK_STEP
};

static const struct step check[] = { LOOK_STEPS };

static const struct step look[] = { PROBE_STEP };

static const struct step certs[] = {
	{ "certs", "Looking at certificates", ROLE_ALL, STEP_OBSERVES, { { 0 } }, NULL, certs_apply },
};

static const struct step hardware[] = {
	{ "hardware", "Looking at the machine", ROLE_ALL, STEP_OBSERVES, { { 0 } }, NULL, hardware_apply },
};

static const struct step benchmark[] = {
	{ "benchmark", "Looking at security settings", ROLE_ALL, STEP_OBSERVES, { { 0 } }, NULL, benchmark_apply },
};

static const struct step mesh[] = {
	{ "mesh-ready", "Logging in", ROLE_ALL, STEP_OBSERVES, { { 0 } }, NULL, mesh_ready_apply },
	{ "mesh", "Asking the other hosts", ROLE_ALL, STEP_OBSERVES, { THIS("mesh-ready"), { "mesh-ready", ROLE_ALL, 0 } }, NULL,
		mesh_apply },
};

/* etcd's first on every control plane: without its quorum no API server works, and without one of those no kubelet does. */
/* certificates first: API servers that cannot answer are not waited for */
#define RENEW_LOOK_STEPS \
	PROBE_STEP, \
	{ "certs", "Looking at certificates", ROLE_ALL, STEP_OBSERVES, { THIS("probe") }, NULL, certs_apply }, \
	{ "survey", "Asking the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { THIS("certs") }, \
		survey_check, survey_apply }

/*
 * JUDGE_NEEDS: what more is done before it is decided. BEFORE_SERVERS, SERVERS_NEED: what else must be done before control planes get what that CA has signed, and its needs.
 */
#define RENEW_STEPS(JUDGE_NEEDS, BEFORE_SERVERS, SERVERS_NEED) \
	{ "judge-certs", "Deciding what is renewed", ROLE_ALL, STEP_OBSERVES, { THIS("certs"), CONTROL_PLANES("survey", 0) JUDGE_NEEDS }, \
		judge_certs_check, judge_certs_apply }, \
	{ "renew-etcd", "Renewing etcd's certificates", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ THIS("judge-certs"), CONTROL_PLANES("judge-certs", 0) }, \
		renew_etcd_check, renew_etcd_apply }, \
	{ "restart-etcd", "Restarting etcd", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ THIS("renew-etcd"), CONTROL_PLANES("renew-etcd", 0) }, \
		restart_etcd_check, restart_etcd_apply }, \
	BEFORE_SERVERS \
	{ "renew-servers", "Renewing the control plane's certificates", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ THIS("restart-etcd"), CONTROL_PLANES("restart-etcd", 0) SERVERS_NEED }, \
		renew_servers_check, renew_servers_apply }, \
	{ "renew-kubelet", "Renewing the kubelet's certificate", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ THIS("renew-servers"), CONTROL_PLANES("renew-servers", 0) }, \
		renew_kubelet_check, renew_kubelet_apply }, \
	{ "worker-kubelet", "Renewing the kubelet's certificate", ROLE_WORKER, STEP_ONE_BY_ONE, \
		{ THIS("judge-certs"), CONTROL_PLANES("renew-kubelet", 1) }, \
		renew_kubelet_check, renew_kubelet_apply }

#define RENEWED_STEPS \
	{ "renewed", "Asking the cluster again", ROLE_CONTROL_PLANE, 0, \
		{ THIS("renew-kubelet"), CONTROL_PLANES("renew-kubelet", 0), WORKERS("worker-kubelet") }, \
		renewed_check, renewed_apply }, \
	{ "verify", "Verifying the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("renewed", 1) }, \
		verify_check, verify_apply }, \
	{ "kubeconfig", "Writing the kubeconfig", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("renewed", 1) }, \
		kubeconfig_check, kubeconfig_apply }, \
	UNLOCK_STEP

static const struct step renew[] = { RENEW_LOOK_STEPS, RENEW_STEPS(, , ), RENEWED_STEPS };

#define SPLIT_SIGNING_STEP \
	{ "split-signing", "Splitting off the certificate that signs", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, \
		{ THIS("restart-etcd"), CONTROL_PLANES("restart-etcd", 0) }, \
		split_signing_check, signing_apply },
#define SIGNING_SPLIT , THIS("split-signing"), CONTROL_PLANES("split-signing", 0)
#define STORE_TURNED , CONTROL_PLANES("turn-store", 1)
static const struct step rotate[] = {
	RENEW_LOOK_STEPS,
	{ "ask-trust", "Reading which CAs the API servers publish", ROLE_CONTROL_PLANE, STEP_OBSERVES, { THIS("survey") },
		ask_trust_check, ask_trust_apply },
	{ "turn-store", "Taking the next phase in the key store", ROLE_CONTROL_PLANE, 0,
		{ THIS("ask-trust"), CONTROL_PLANES("ask-trust", 0), { "certs", ROLE_ALL, 0 } },
		turn_store_check, turn_store_apply },
	RENEW_STEPS(STORE_TURNED, SPLIT_SIGNING_STEP, SIGNING_SPLIT),
	{ "tell-trust", "Publishing which CAs are trusted", ROLE_CONTROL_PLANE, 0,
		{ THIS("renew-servers"), CONTROL_PLANES("renew-servers", 0) },
		tell_trust_check, tell_trust_apply },
	{ "join-signing", "Signing with the certificate of ca.crt again", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE,
		{ THIS("renew-servers"), CONTROL_PLANES("renew-servers", 0) },
		join_signing_check, signing_apply },
	RENEWED_STEPS
};

static const struct step sign[] = {
	SEE_STEPS,
	{ "requests", "Asking who waits for a certificate", ROLE_CONTROL_PLANE, STEP_OBSERVES,
		{ THIS("survey"), CONTROL_PLANES("survey", 0) },
		requests_check, requests_apply },
	{ "sign", "Signing certificates", ROLE_CONTROL_PLANE, 0, { THIS("requests") },
		sign_check, sign_apply },
	UNLOCK_STEP
};

static const struct step adopt[] = {
	PROBE_STEP,
	{ "certs", "Looking at certificates", ROLE_ALL, STEP_OBSERVES, { THIS("probe") }, NULL, certs_apply },
	{ "adopt", "Reading the cluster", ROLE_ALL, STEP_OBSERVES, { THIS("certs") }, NULL, adopt_apply },
};

static const struct step take_keys[] = {
	PROBE_STEP,
	{ "take-keys", "Taking the keys of the CAs", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE | STEP_OBSERVES, { THIS("probe") },
		take_keys_check, take_keys_apply },
};

/* The turns after components are added: plan_with. */
static const struct step secrets_key[] = {
	SEE_STEPS,
	DECIDE_STEP,
	{ "components", "Changing settings of the control plane", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE,
		{ CONTROL_PLANES("decide", 1) },
		components_check, components_apply },
	{ "verify", "Verifying the cluster", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("components", 1) },
		verify_check, verify_apply },
	UNLOCK_STEP
};

static const struct step members[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	SPACE_STEP,
};

static const struct step defrag[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	SPACE_STEP,
	{ "judge-etcd", "Checking that etcd is healthy", ROLE_CONTROL_PLANE, STEP_OBSERVES,
		{ THIS("space"), CONTROL_PLANES("ask-etcd", 0), CONTROL_PLANES("space", 0) },
		judge_etcd_check, judge_etcd_apply },
	{ "defrag", "Defragmenting etcd", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE, { CONTROL_PLANES("judge-etcd", 1) },
		defrag_check, defrag_apply },
	/* it may be another one by then */
	{ "defrag-leader", "Defragmenting etcd's leader", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE,
		{ CONTROL_PLANES("judge-etcd", 1), CONTROL_PLANES("defrag", 0) },
		defrag_leader_check, defrag_apply },
	UNLOCK_STEP
};

static const struct step drill[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	{ "judge-drill", "Checking that the cluster is well", ROLE_CONTROL_PLANE, STEP_OBSERVES,
		{ THIS("ask-etcd"), CONTROL_PLANES("ask-etcd", 0), { "probe", ROLE_ALL, 0 } },
		judge_drill_check, judge_drill_apply },
	/* all hosts at once: who makes a fault, and who writes and reads meanwhile, take turns (enum drill_phase) */
	{ "drill", "Making faults on purpose", ROLE_ALL, 0, { CONTROL_PLANES("judge-drill", 1) },
		drill_check, drill_apply },
	{ "drill-end", "Putting everything back", ROLE_ALL, STEP_ALWAYS, { { 0 } },
		drill_end_check, drill_end_apply },
	UNLOCK_STEP
};

static const struct step disarm[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	SPACE_STEP,
	{ "disarm", "Clearing etcd's alarms", ROLE_CONTROL_PLANE, 0,
		{ THIS("space"), CONTROL_PLANES("ask-etcd", 0), CONTROL_PLANES("space", 0) },
		disarm_check, disarm_apply },
	UNLOCK_STEP
};

static const struct step snapshot[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	{ "snapshot", "Taking a snapshot of etcd", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("ask-etcd", 0) },
		snapshot_check, snapshot_apply },
};

static const struct step snapshots[] = {
	{ "probe", "Looking at the host", ROLE_CONTROL_PLANE, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
};

static const struct step fetch[] = {
	{ "fetch", "Fetching a snapshot of etcd", ROLE_CONTROL_PLANE, STEP_OBSERVES, { { 0 } }, fetch_check, fetch_apply },
};

static const struct step restore[] = {
	SEE_STEPS,
	ASK_ETCD_STEP,
	{ "stop-etcd", "Stopping the other etcd members", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("ask-etcd", 0) },
		stop_etcd_check, stop_etcd_apply },
	{ "restore", "Restoring etcd", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("stop-etcd", 0) },
		restore_check, restore_apply },
	{ "restored", "Verifying the API", ROLE_CONTROL_PLANE, STEP_OBSERVES, { CONTROL_PLANES("restore", 1) },
		restored_check, restored_apply },
	UNLOCK_STEP,
};

static const struct step remedy[] = {
	PROBE_STEP,
	{ "remedy", "Remedying a finding", ROLE_ALL, 0, { THIS("probe") },
		remedy_check, remedy_apply },
	UNLOCK_STEP,
};

static const struct step reset[] = {
	PROBE_STEP,
	/* not before it is known whether another run holds a control plane */
	{ "reset", "Undoing the installation", ROLE_ALL, 0, { THIS("probe"), CONTROL_PLANES("probe", 0) },
		reset_check, reset_apply },
	UNLOCK_STEP,
};

static const struct step unlock[] = {
	{ "unlock", "Removing the lock", ROLE_ALL, STEP_OBSERVES, { { 0 } },
		unlock_dead_check, unlock_dead_apply },
};
/* The turns after components: each wants that all control planes have had the one before. */
static const struct step encryption[] = {
	{ "encryption", "Changing how Secrets are written", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE,
		{ CONTROL_PLANES("components", 0) },
		encryption_check, components_apply },
	{ "rewrite-secrets", "Writing every Secret again", ROLE_CONTROL_PLANE, 0, { CONTROL_PLANES("encryption", 0) },
		rewrite_secrets_check, rewrite_secrets_apply },
	{ "encrypted", "Ending how Secrets were written before", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE,
		{ CONTROL_PLANES("rewrite-secrets", 0) },
		encrypted_check, components_apply },
};
/* A kubelet asks for a certificate only where somebody approves it, and is verified when all have one. */
static const struct step approver[] = {
	{ "approver", "Approving kubelets' certificates", ROLE_CONTROL_PLANE, 0,
		{ CONTROL_PLANES("labels", 1), CONTROL_PLANES("kube-proxy", 0) },
		approver_check, approver_apply },
};
static const struct step serving[] = {
	{ "kubelets", "Verifying kubelets' certificates", ROLE_CONTROL_PLANE, 0,
		{ CONTROL_PLANES("approver", 1), { "settings", ROLE_ALL, 0 } },
		kubelets_check, kubelets_apply },
	{ "trust-kubelets", "Having API servers verify kubelets", ROLE_CONTROL_PLANE, STEP_ONE_BY_ONE,
		{ CONTROL_PLANES("kubelets", 0) },
		trust_kubelets_check, components_apply },
};
/* clang-format on */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Steps come after the one of a name, and who comes later and needed `before` needs the last of them. How many there are then. */
static size_t insert(
	struct step *all, size_t n, const char *after, const struct step *more, size_t count, const char *before)
{
	size_t at = 0;

	while (at < n && strcmp(all[at].name, after) != 0)
		at++;
	if (at++ == n)
		return n;
	memmove(&all[at + count], &all[at], (n - at) * sizeof(*all));
	memcpy(&all[at], more, count * sizeof(*all));
	n += count;
	for (size_t i = at + count; i < n; i++)
		for (struct step_need *need = all[i].needs; need->step; need++)
			if (strcmp(need->step, before) == 0)
				need->step = more[count - 1].name;
	return n;
}

size_t plan_with(const struct plan *plan, unsigned more, struct step *out)
{
	bool encrypts = more & PLAN_MORE_ENCRYPTION;
	size_t n = plan->count;

	memcpy(out, plan->steps, n * sizeof(*out));
	if (encrypts)
		n = insert(out, n, "components", encryption, COUNT(encryption), "components");
	if (more & PLAN_MORE_SERVING) {
		n = insert(out, n, "kube-proxy", approver, COUNT(approver), "kube-proxy");
		n = insert(out, n, "settings", serving, COUNT(serving),
			encrypts ? encryption[COUNT(encryption) - 1].name : "components");
	}
	return n;
}

#define PLAN(name, steps, flags) \
	{ \
		name, steps, sizeof(steps) / sizeof((steps)[0]), flags, NULL, 0 \
	}
const struct plan plans[PLAN_COUNT] = {
	[PLAN_LOOK] = PLAN("look", look, 0),
	[PLAN_CHECK] = PLAN("check", check, PLAN_KEYS),
	[PLAN_INSTALL] = PLAN("install", install, PLAN_KEYS),
	[PLAN_REPAIR] = PLAN("repair", repair, PLAN_KEYS),
	[PLAN_REJOIN] = PLAN("rejoin", rejoin, PLAN_KEYS | PLAN_REJOINS),
	[PLAN_UPGRADE] = { "upgrade", upgrade, sizeof(upgrade) / sizeof(upgrade[0]), PLAN_KEYS | PLAN_UPGRADES,
		upgrade_sections, sizeof(upgrade_sections) / sizeof(upgrade_sections[0]) },
	[PLAN_REBOOT] = { "reboot", reboot, sizeof(reboot) / sizeof(reboot[0]), PLAN_KEYS | PLAN_REBOOTS,
		reboot_sections, sizeof(reboot_sections) / sizeof(reboot_sections[0]) },
	[PLAN_REMOVE] = PLAN("remove", remove_hosts, PLAN_KEYS | PLAN_LEAVES),
	[PLAN_RESET] = PLAN("reset", reset, 0),
	[PLAN_REMEDY] = PLAN("remedy", remedy, 0),
	[PLAN_UNLOCK] = PLAN("unlock", unlock, 0),
	[PLAN_ADOPT] = PLAN("adopt", adopt, 0),
	[PLAN_TAKE_KEYS] = PLAN("take-keys", take_keys, PLAN_KEYS),
	[PLAN_CERTS] = PLAN("certs", certs, PLAN_NAMED),
	[PLAN_HARDWARE] = PLAN("hardware", hardware, PLAN_NAMED),
	[PLAN_BENCHMARK] = PLAN("benchmark", benchmark, 0),
	[PLAN_MESH] = PLAN("mesh", mesh, 0),
	[PLAN_SUPPORT] = PLAN("support", support, PLAN_KEYS),
	[PLAN_SUPPORT_HOSTS] = PLAN("support-hosts", support_hosts, 0),
	[PLAN_RENEW] = PLAN("renew", renew, PLAN_KEYS | PLAN_RENEWS),
	[PLAN_SIGN] = PLAN("sign", sign, PLAN_KEYS),
	[PLAN_ROTATE] = PLAN("rotate", rotate, PLAN_KEYS | PLAN_RENEWS),
	[PLAN_SECRETS_KEY] = PLAN("secrets-key", secrets_key, PLAN_KEYS),
	[PLAN_MEMBERS] = PLAN("members", members, PLAN_KEYS),
	[PLAN_DEFRAG] = PLAN("defrag", defrag, PLAN_KEYS),
	[PLAN_DRILL] = PLAN("drill", drill, PLAN_KEYS),
	[PLAN_DISARM] = PLAN("disarm", disarm, PLAN_KEYS),
	[PLAN_SNAPSHOT] = PLAN("snapshot", snapshot, PLAN_KEYS),
	[PLAN_SNAPSHOTS] = PLAN("snapshots", snapshots, 0),
	[PLAN_FETCH] = PLAN("fetch", fetch, 0),
	[PLAN_RESTORE] = PLAN("restore", restore, PLAN_KEYS),
};
