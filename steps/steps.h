/*
 * The plans and their steps. A plan is a table of steps (engine/step.h) and reads like a table of contents: plan.c. One
 * file per step beside this one. What the steps share is in run/, what runs on servers in host/.
 */
#ifndef STEPS_STEPS_H
#define STEPS_STEPS_H

#include "base/secret.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "cluster/quorum.h"
#include "engine/step.h"
#include "inventory/release.h"
#include "steps/run/run.h"

struct error;
struct inventory;
struct inventory_host;
struct pki_files;

enum steps_role {
	ROLE_CONTROL_PLANE = 1,
	ROLE_WORKER = 2,
	ROLE_ALL = 3,
};

enum plan_id {
	PLAN_LOOK,     /* at the hosts alone, not at the cluster */
	PLAN_CHECK,
	PLAN_INSTALL,
	/*
	 * What findings_health knows to be broken, and after that the installation: what is lost or changed is made
	 * again. Wants wish.health.
	 */
	PLAN_REPAIR,
	/* the installation, in a living cluster: hosts of wish.rejoin leave it, whatever is left, and join again */
	PLAN_REJOIN,
	PLAN_UPGRADE,  /* brings the living cluster to the version of the inventory, one host after the other */
	PLAN_REBOOT,   /* restarts the hosts of wish.reboot while the cluster works */
	PLAN_REMOVE,   /* takes the hosts of wish.leave out of the living cluster and Kubernetes off them */
	PLAN_RESET,
	PLAN_REMEDY,   /* remedies one finding, wish.remedy, on the hosts that take part */
	/* takes away locks that the last look found, if they are still those runs'; empties the fact lock_run */
	PLAN_UNLOCK,
	PLAN_ADOPT,    /* how a cluster that others made is, by its hosts and, until it was asked, its API */
	PLAN_TAKE_KEYS, /* the keys of its CAs, into the store */
	PLAN_CERTS,    /* which certificates the hosts have, and nothing else */
	PLAN_HARDWARE, /* what the machines are made of, and nothing else */
	PLAN_BENCHMARK, /* how the hosts are set up beside the CIS Kubernetes Benchmark, and nothing else */
	PLAN_MESH, /* which hosts reach which others by the ports that the cluster needs, and nothing else */
	PLAN_SUPPORT,  /* the hosts' logs for somebody who helps, and all that status asks for */
	PLAN_SUPPORT_HOSTS, /* of them what is had without the cluster's keys */
	PLAN_RENEW,    /* certificates are made again, also when all have expired; wants wish.renew */
	PLAN_SIGN,     /* requests for certificates that wait, and those of wish.sign signed */
	PLAN_ROTATE,   /* hosts follow the key store in which a CA is rotated; wants wish.renew */
	PLAN_SECRETS_KEY, /* Secrets are encrypted with the key that the key store has for it by now */
	PLAN_MEMBERS,  /* what etcd's members say, also without an API server */
	PLAN_DEFRAG,   /* etcd's members are defragmented, one after the other */
	PLAN_DRILL,    /* faults on purpose, one after the other, and what becomes of writes and reads meanwhile */
	PLAN_DISARM,   /* etcd's alarms of a lack of space are cleared, when there is space */
	PLAN_SNAPSHOT, /* the same, and one snapshot of etcd to this machine */
	PLAN_SNAPSHOTS, /* those that control planes have taken by themselves, as the probe lists them */
	PLAN_FETCH,    /* one of them to this machine; wants wish.etcd */
	PLAN_RESTORE,  /* etcd starts again as a cluster of one, on the host of wish.etcd */
	PLAN_COUNT,
};
enum plan_flag {
	PLAN_KEYS = 1,    /* wants the cluster's key store, if there is one: it asks the cluster */
	PLAN_REJOINS = 2, /* wants wish.rejoin */
	PLAN_LEAVES = 4,  /* wants wish.leave */
	PLAN_UPGRADES = 8, /* wants wish.upgrade */
	PLAN_REBOOTS = 16, /* wants wish.reboot */
	PLAN_RENEWS = 64,  /* wants wish.renew; wish.renew_hosts when hosts are named */
	PLAN_NAMED = 32,   /* is about the hosts that are named, or about all when none is */
};
/* The section of an upgrade in which workers are: how many at once, the operator says. */
#define SECTION_WORKERS "worker"
struct plan {
	const char *name;
	const struct step *steps;
	size_t count;
	unsigned flags;
	const struct section *sections;
	size_t section_count;
};
extern const struct plan plans[PLAN_COUNT];
/*
 * The steps of a plan, with more of them: where Secrets are encrypted, or are to be, after `components` those that
 * change how; where the cluster signs kubelets' serving certificates those around `settings` that do so. Returns
 * how many they are; out has room for PLAN_MORE more than the plan has.
 */
enum plan_more { PLAN_MORE_ENCRYPTION = 1, PLAN_MORE_SERVING = 2 };
#define PLAN_MORE 6
size_t plan_with(const struct plan *plan, unsigned more, struct step *out);

/* Sets defaults (init_host, lead -1) and allocates per-host arrays for inventory->host_count hosts. */
void world_init(struct world *w, const struct inventory *inv, const struct release *release);
void world_release(struct world *w);

/* ---- what steps use of one another ---- */

/*
 * Asks this control plane's own etcd and API server how they are, into the facts; what does not answer is a fact too.
 * -1: the way there broke.
 */
int survey_health(struct task *t, struct error *err);
/* For world_api; ready: a bool, whether the API server says that it is. */
int survey_ready(struct net_client *c, void *ready, struct error *err);

/*
 * Takes back a kubeadm run that did not end, on this host: its etcd member and Node through the lead if there is one,
 * then kubeadm reset; then certificates again.
 */
int world_clean(struct task *t, struct error *err);
/* A snapshot of etcd, through this host's own member, into wish.snapshots_dir. Its path (caller frees) or NULL. */
char *world_snapshot(struct task *t, struct net_snapshot *info, struct error *err);
/* The same before a voter is taken out; that none can be taken is an error unless the operator overrides it. */
int world_snapshot_first(struct task *t, struct error *err);
/*
 * Fills a view of etcd through this host's own member, or from here through another one while that is down: its list,
 * and who of it answers. -1 only when the way to this host broke or the run was cancelled.
 */
int world_view(struct task *t, struct quorum_view *view, struct error *err);
/* etcd's alarms, as this host's own member reports them. */
int world_alarms(struct task *t, struct space_alarms *out, struct error *err);
/* Whether this host speaks for all in what is about etcd as a whole: the first one whose member has answered. */
bool world_speaks(struct task *t);
/* The quota of each member of a view, by what was seen of it and of its host. */
void world_quotas(const struct world *w, const struct quorum_view *v, int64_t quotas[QUORUM_MEMBERS]);
/* ---- kubeadm's configuration ---- */
/* Appends Init-, Cluster-, Kubelet- and KubeProxyConfiguration as JSON documents with "---" between them. */
void kubeadm_init_config(const struct world *w, int host, struct str *out);
/* UpgradeConfiguration for `apply` and `node`; nothing where kubeadm does not know it. */
void kubeadm_upgrade_config(const struct world *w, struct str *out);
/* ClusterConfiguration as `kubeadm init` would get it. The caller frees. */
struct json *kubeadm_cluster_config(const struct world *w);
/* ClusterConfiguration of the living cluster, as the survey saw it; NULL: not known. The caller frees. */
struct json *kubeadm_living_config(const struct world *w);
/*
 * An argument of its API server, "": none; cut when it is longer than any that kubewright gives. False: it is not
 * known.
 */
bool kubeadm_living_argument(const struct world *w, const char *name, char out[96]);
/* Calls fn for each of apiServer.certSANs of a ClusterConfiguration, as kubeadm writes its YAML. Pure. */
void kubeadm_cert_sans(const char *configuration, void (*fn)(const char *name, void *ctx), void *ctx);
/* The same of those that the inventory asks for in kubeadm.extra. */
void kubeadm_asked_names(const struct inventory *inv, void (*fn)(const char *name, void *ctx), void *ctx);
/*
 * What `kubeadm init phase control-plane` wants on a host of a living cluster: its address and name, and the cluster's
 * own configuration. signs false: the controller manager has no key of the CA to sign with, whether it is there or not.
 */
void kubeadm_components_config(const struct world *w, int host, bool signs, struct str *out);
/* JoinConfiguration; token, pin and API endpoint from the world. */
void kubeadm_join_config(const struct world *w, int host, const char *pin, struct str *out);

/* Fetches the cluster's CAs and their keys from this host into the store, which is made for them. */
int world_fetch_store(struct task *t, struct error *err);

/* ---- the steps, one file each ---- */
/* NAME_check and NAME_apply are those of struct step, in NAME.c, whose first comment says what the step is for. */
/* Adds the text that probe sends, without its parameters. */
void probe_script(const struct world *w, struct str *out);
enum step_verdict probe_check(struct task *t, struct error *why);
int probe_apply(struct task *t, struct error *err);
enum step_verdict survey_check(struct task *t, struct error *why);
int survey_apply(struct task *t, struct error *err);
enum step_verdict preflight_check(struct task *t, struct error *why);
/* A field of the inventory that counts only when a cluster is created, and that the living one has otherwise. */
struct birth_difference {
	/* its path, with the place in a map; "endpoint" for what its fields say together */
	char field[192];
	bool unknown;  /* whether is not known: the cluster's value could not be read */
	bool unset;    /* the living cluster has no value */
	unsigned more; /* of a map: so many more values differ, which are not reported one by one */
	char living[128], wanted[128];
	char text[640]; /* for people */
};
/* d is lent during the call. */
typedef void birth_fn(const struct birth_difference *d, void *ctx);
/* Calls fn for each, by the ConfigMaps that the survey has read; none while there is no cluster. Pure. */
void birth_differences(const struct world *w, birth_fn *fn, void *ctx);
/*
 * Of them those of kubelet.config, kubeproxy.config and kubeadm.extra: what the inventory names is compared value by
 * value, what it leaves out is not. living: ClusterConfiguration, NULL: not known.
 */
void birth_maps(const struct world *w, const struct json *living, birth_fn *fn, void *ctx);
/*
 * How many fields of the inventory a value of ClusterConfiguration is made of, by its path there; their section stands
 * for them when they are several.
 */
size_t birth_fields(const char *path);
/* The ConfigMap of kube-system with what kube-proxy is given; the kubelets' is in struct release. */
#define KUBEPROXY_CONFIG "kube-proxy"
/* Sets of decided what is about a living cluster as such, where no step decides: init_host, version. With the lock. */
void decide_begun(struct world *w);
enum step_verdict decide_check(struct task *t, struct error *why);
int decide_apply(struct task *t, struct error *err);
/* Whether a host's error is the run's own refusal, which every control plane carries alike. e may be NULL. */
bool decide_refused(const struct world *w, const struct error *e);
enum step_verdict os_check(struct task *t, struct error *why);
int os_apply(struct task *t, struct error *err);
enum step_verdict packages_check(struct task *t, struct error *why);
int packages_apply(struct task *t, struct error *err);
enum step_verdict runtime_check(struct task *t, struct error *why);
int runtime_apply(struct task *t, struct error *err);
enum step_verdict endpoint_check(struct task *t, struct error *why);
int endpoint_apply(struct task *t, struct error *err);
enum step_verdict snapshots_check(struct task *t, struct error *why);
int snapshots_apply(struct task *t, struct error *err);
enum step_verdict move_check(struct task *t, struct error *why);
int move_apply(struct task *t, struct error *err);
enum step_verdict leave_endpoint_check(struct task *t, struct error *why);
int leave_endpoint_apply(struct task *t, struct error *err);
/*
 * The virtual IP that the living cluster goes by while the inventory has another endpoint for it, as long as a control
 * plane holds it: out, "" and false: none. Pure.
 */
bool endpoint_earlier_vip(const struct world *w, char out[64]);
/* "10.0.0.9:6443" by which the living cluster goes instead of the wished one; false: by none, or not known. Pure. */
bool endpoint_earlier(const struct world *w, char out[300]);
/* The same of the inventory. Pure. */
void endpoint_wanted(const struct world *w, char out[300]);
enum step_verdict certificates_check(struct task *t, struct error *why);
int certificates_apply(struct task *t, struct error *err);
/*
 * What a control plane gets of the PKI, leaves with every name that the API is called by. out is released by the caller
 * in any case.
 */
int certificates_make(const struct world *w, int host, struct pki_files *out, struct error *err);
/* ---- custody.c: where the CAs' keys are (pki.ca-keys), and what kubelets get when no host can sign for them ---- */
/* Whether a control plane has keys of CAs that it should not have, or lacks some; by its facts. Pure. */
bool custody_differs(const struct world *w, const struct cluster_host *h);
/* -1: the living cluster is of the other mode, by what all control planes that are installed have on them. */
int custody_refuse_mode(const struct world *w, struct error *err);
/* A kubelet's kubeconfig, and its certificate with the key. */
struct custody_kubelet {
	struct secret conf, pem;
};
/* Made by the CA of the store; -1: there is none. The caller releases. */
int custody_kubelet_make(const struct world *w, const char *node, struct custody_kubelet *out, struct error *err);
/* The same for a host that joins, or begins the cluster; empty where kubeadm and the control plane make them. */
int custody_kubelet_begins(const struct world *w, const char *node, struct custody_kubelet *out, struct error *err);
void custody_kubelet_release(struct custody_kubelet *k);
/* ---- custody_change.c: the same of a living cluster, which changes ---- */
/*
 * Whether a control plane that is one already is to lose keys of CAs, or to get them, or its controller manager to sign
 * or not to sign any more; by its facts. With the task's lock held.
 */
bool custody_is_due(const struct world *w, int host);
/*
 * -1: what is due is not done by this run: the mode is another one, and the run is about something else; or a CA is
 * rotated; or the operator has given controller managers a pair of their own. With the task's lock held.
 */
int custody_refuse(const struct world *w, struct error *err);
/* The second half of components_check and components_apply. */
enum step_verdict custody_check(struct task *t, struct error *why);
int custody_apply(struct task *t, struct error *err);
/* ---- serving_state.c, serving.c: kubelets' serving certificates, signed by the cluster (pki.kubelet-serving) ---- */
/* By which an API server verifies kubelets, and what it says. */
#define SERVING_ARGUMENT "kubelet-certificate-authority"
#define SERVING_CA "/etc/kubernetes/pki/ca.crt"
/* Whether a control plane approves the requests of kubelets by itself. With the task's lock held. */
bool serving_approves(const struct world *w, int host);
/*
 * The control plane whose API server may verify kubelets still, which keeps them from signing their own certificates
 * again; NULL: none does, or they do so already. The same.
 */
const struct inventory_host *serving_kept_by(const struct world *w);
/* Whether API servers verify kubelets, or may from now on. With the task's lock held. */
bool serving_is_verified(const struct world *w);
/* Adds to what kubelets are to get that they ask for certificates, as long as that is so. The same. */
void serving_keep(const struct world *w, struct json *wish);
enum step_verdict approver_check(struct task *t, struct error *why);
int approver_apply(struct task *t, struct error *err);
enum step_verdict kubelets_check(struct task *t, struct error *why);
int kubelets_apply(struct task *t, struct error *err);
/* The change itself is components_apply's. */
enum step_verdict trust_kubelets_check(struct task *t, struct error *why);
/* sign.c: signs, by the CA of the key store, what kubelets ask for their ports and may have; the rest waits. */
int sign_serving(struct task *t, struct error *err);
enum step_verdict images_check(struct task *t, struct error *why);
int images_apply(struct task *t, struct error *err);
/* Begins what images_apply waits for, where other steps come in between; cannot fail. */
void images_begin(struct task *t);
enum step_verdict init_check(struct task *t, struct error *why);
int init_apply(struct task *t, struct error *err);
enum step_verdict cni_check(struct task *t, struct error *why);
int cni_apply(struct task *t, struct error *err);
enum step_verdict join_check(struct task *t, struct error *why);
int join_apply(struct task *t, struct error *err);
/*
 * A merge patch that gives a Node what its entry of the inventory says, takes away what an earlier entry gave it and
 * this one does not, and notes in an annotation what this one gives. NULL: nothing to do. Caller frees. Pure.
 */
struct json *node_patch(const struct release *release, const struct inventory_host *h, const struct json *node);
/* Whether a kubelet may register with a label of this key: below kubernetes.io and k8s.io it may with few. Pure. */
bool node_label_of_kubelet(const char *key);
enum step_verdict settings_check(struct task *t, struct error *why);
int settings_apply(struct task *t, struct error *err);
enum step_verdict components_check(struct task *t, struct error *why);
int components_apply(struct task *t, struct error *err);
/* ---- encryption_turns.c: that, and the turns after it, in which API servers get other files for Secrets ---- */
enum step_verdict encryption_check(struct task *t, struct error *why);
enum step_verdict rewrite_secrets_check(struct task *t, struct error *why);
int rewrite_secrets_apply(struct task *t, struct error *err);
enum step_verdict encrypted_check(struct task *t, struct error *why);
enum step_verdict kube_proxy_check(struct task *t, struct error *why);
int kube_proxy_apply(struct task *t, struct error *err);
enum step_verdict labels_check(struct task *t, struct error *why);
int labels_apply(struct task *t, struct error *err);
enum step_verdict verify_check(struct task *t, struct error *why);
int verify_apply(struct task *t, struct error *err);
enum step_verdict kubeconfig_check(struct task *t, struct error *why);
int kubeconfig_apply(struct task *t, struct error *err);
enum step_verdict unlock_check(struct task *t, struct error *why);
int unlock_apply(struct task *t, struct error *err);
enum step_verdict unlock_dead_check(struct task *t, struct error *why);
int unlock_dead_apply(struct task *t, struct error *err);
enum step_verdict reset_check(struct task *t, struct error *why);
int reset_apply(struct task *t, struct error *err);
/* Whether kubewright installed this host for this cluster under this name; -1: err says what it is instead. Pure. */
int reset_guard(const struct inventory *inv, const struct cluster_host *hosts, int host, struct error *err);
/* Which machine it is, by its facts; "" where the probe did not say it. */
void host_identify(const struct cluster_host *h, struct host_identity *out);
enum step_verdict expel_check(struct task *t, struct error *why);
/* Whether the hosts that leave may: changes nothing. */
int judge_apply(struct task *t, struct error *err);
int expel_apply(struct task *t, struct error *err);
enum step_verdict ask_etcd_check(struct task *t, struct error *why);
int ask_etcd_apply(struct task *t, struct error *err);
int adopt_apply(struct task *t, struct error *err);
enum step_verdict take_keys_check(struct task *t, struct error *why);
int take_keys_apply(struct task *t, struct error *err);
enum step_verdict space_check(struct task *t, struct error *why);
int space_apply(struct task *t, struct error *err);
enum step_verdict judge_etcd_check(struct task *t, struct error *why);
int judge_etcd_apply(struct task *t, struct error *err);
enum step_verdict defrag_check(struct task *t, struct error *why);
enum step_verdict defrag_leader_check(struct task *t, struct error *why);
int defrag_apply(struct task *t, struct error *err);
/* ---- drill.c, drill_well.c: faults on purpose ---- */
enum step_verdict judge_drill_check(struct task *t, struct error *why);
int judge_drill_apply(struct task *t, struct error *err);
enum step_verdict drill_check(struct task *t, struct error *why);
int drill_apply(struct task *t, struct error *err);
enum step_verdict drill_end_check(struct task *t, struct error *why);
int drill_end_apply(struct task *t, struct error *err);
/*
 * Waits until the cluster can lose something, as seen through this control plane, for so long: every etcd member
 * healthy, every API server ready, also at the virtual IP, every Node Ready. Fills v. -1: it was not by then, the run
 * was cancelled, or the way to this host broke.
 */
int drill_await(struct task *t, int64_t limit_ms, struct quorum_view *v, struct error *err);
/* Whether a Node is Ready, through this control plane; also false when it is unknown. */
bool drill_ready(struct task *t, const char *node);
enum step_verdict disarm_check(struct task *t, struct error *why);
int disarm_apply(struct task *t, struct error *err);
enum step_verdict snapshot_check(struct task *t, struct error *why);
int snapshot_apply(struct task *t, struct error *err);
enum step_verdict fetch_check(struct task *t, struct error *why);
int fetch_apply(struct task *t, struct error *err);
enum step_verdict stop_etcd_check(struct task *t, struct error *why);
int stop_etcd_apply(struct task *t, struct error *err);
enum step_verdict restore_check(struct task *t, struct error *why);
int restore_apply(struct task *t, struct error *err);
enum step_verdict restored_check(struct task *t, struct error *why);
int restored_apply(struct task *t, struct error *err);

/* ---- upgrade_versions.c: how far an upgrade is ---- */

/* Whether a version or an image's tag, with or without "v" and a package's revision, is this one. Pure. */
bool upgrade_is_version(const char *have, const char *want);
/*
 * 0: version `to` may follow what runs, the oldest of all and the newest API server; -1: err says why not, and
 * which way there is. Pure.
 */
int upgrade_refuse(const char *oldest, const char *newest, const char *to, struct error *err);
/*
 * Whether what refused it skips a minor version; minor: the one that comes first, "1.35". refusal may be NULL. Pure.
 */
bool upgrade_first(const struct error *refusal, char minor[16]);
/*
 * Whether the API servers and kubelets of the living cluster are of different versions, as an upgrade that was
 * interrupted leaves them. newest: of the API servers.
 */
bool upgrade_half_done(const struct world *w, char newest[32]);
/*
 * What runs: the oldest API server or kubelet, and the newest API server or, if that is newer, the version that kubeadm
 * has recorded.
 */
void upgrade_range(const struct world *w, char oldest[32], char newest[32]);
/* Whether the API servers alone are: nothing can join them then. */
bool upgrade_servers_differ(const struct world *w);
/*
 * What upgrade_refuse says of the living cluster and decided.version; sets decided.config_new. With the task's lock
 * held.
 */
int upgrade_decide(struct world *w, struct error *err);
/* Whether a host is a Node of the cluster, and no machine of another one. */
bool upgrade_member(const struct world *w, int host);
/* Whether the static Pods of a control plane have the version, by their images' tags. */
bool upgrade_components_new(const struct world *w, const struct cluster_host *h);
/* After a failed upgrade: kubeadm may have put the earlier manifests back, so the tags are not known any more. */
void upgrade_forget(struct world *w, int host);
/* Whether kubeadm's part of the upgrade is done on a host. */
bool upgrade_host_done(const struct world *w, int host);
/* A control plane of the cluster that is not upgraded, as far as can be seen, or NULL. */
const struct inventory_host *upgrade_behind(const struct world *w);
/* Whether a host's kubelet may be brought to the new version: not before every API server has it. */
bool upgrade_kubelet_due(const struct world *w, int host);

/* Why pods go from a Node that stays in the cluster. */
struct drain_purpose {
	/*
	 * annotation, with its value, that a Node gets which is cordoned by this: to be distinguished from one that
	 * somebody else had cordoned
	 */
	const char *note, *value;
	const char *otherwise; /* what pods do that cannot be evicted, when that is forced: "end with the reboot" */
};
/* Evicts the pods of a Node through an API server, as `kubectl drain`; purpose NULL: its host leaves the cluster. */
int drain_node(struct task *t, const char *node, const struct drain_purpose *purpose, struct error *err);

/* ---- node.c: the Node of this task's host, while it is worked on ---- */
/* drain_node, unless its kubelet does not work: that ends no pod. */
int node_drain(struct task *t, const struct drain_purpose *purpose, struct error *err);
/* The value of an annotation, lent; NULL: it has none. */
const char *node_noted(const struct cluster_node *node, const char *note);
/* Lets pods onto it if it has the annotation of who cordoned it, which goes. */
int node_uncordon(struct task *t, const char *note, struct error *err);
struct node_wanted {
	const char *version; /* of its kubelet; NULL: any */
	const char *boot;    /* the boot id that it reports; NULL: any */
};
/* Waits until the Node is Ready and so, and its API server, if it has one, says that it is ready. */
int node_await(struct task *t, const struct node_wanted *wanted, struct error *err);

/* ---- upgrade_obstacles.c: what is in the way of an upgrade ---- */

/* Of a look alone. */
enum step_verdict obstacles_check(struct task *t, struct error *why);
/* Asks this control plane's API server what it has seen, and on the lead what the cluster has; into seen.upgrade. */
int obstacles_apply(struct task *t, struct error *err);
struct upgrade_question {
	struct upgrade_seen *seen;
	const struct release *release; /* of the living cluster; NULL: of no known version */
	bool drains;                   /* pods will have to move */
	int64_t deadline;              /* of the monotonic clock */
	int host;                      /* that is asked */
};
/* The parts of that, for world_api, with a struct upgrade_question; what is not answered is noted as unknown. */
int obstacles_ask_objects(struct net_client *c, void *question, struct error *err);
int obstacles_ask_metrics(struct net_client *c, void *question, struct error *err);
/*
 * After a look: adds all findings (findings_upgrade) over what this run saw. chosen: per host, whether it takes part;
 * NULL: all do.
 */
void obstacles_find(struct world *w, const bool *chosen, struct findings *out);

/* ---- upgrade.c, upgrade_host.c, reboot.c: the steps of an upgrade and of a reboot ---- */

/* 0, or -1: the upgrade has stopped at another host, which err names. */
int upgrade_stopped(struct task *t, struct error *why);
/*
 * What failed here, when rc is not 0, would fail on the next host too: it stops all others, unless only the way here
 * broke. Returns rc.
 */
int upgrade_result(struct task *t, int rc, const struct error *err);
enum step_verdict upgrade_snapshot_check(struct task *t, struct error *why);
int upgrade_snapshot_apply(struct task *t, struct error *err);
enum step_verdict upgrade_kubeadm_check(struct task *t, struct error *why);
int upgrade_kubeadm_apply(struct task *t, struct error *err);
int upgrade_packages_apply(struct task *t, struct error *err);
enum step_verdict upgrade_check(struct task *t, struct error *why);
int upgrade_apply(struct task *t, struct error *err);
enum step_verdict upgrade_drain_check(struct task *t, struct error *why);
int upgrade_drain_apply(struct task *t, struct error *err);
enum step_verdict upgrade_packages_check(struct task *t, struct error *why);
enum step_verdict upgrade_runtime_check(struct task *t, struct error *why);
int upgrade_runtime_apply(struct task *t, struct error *err);
enum step_verdict upgrade_kubelet_check(struct task *t, struct error *why);
int upgrade_kubelet_apply(struct task *t, struct error *err);
enum step_verdict upgrade_uncordon_check(struct task *t, struct error *why);
int upgrade_uncordon_apply(struct task *t, struct error *err);
enum step_verdict reboot_drain_check(struct task *t, struct error *why);
int reboot_drain_apply(struct task *t, struct error *err);
enum step_verdict reboot_check(struct task *t, struct error *why);
int reboot_apply(struct task *t, struct error *err);
enum step_verdict reboot_uncordon_check(struct task *t, struct error *why);
int reboot_uncordon_apply(struct task *t, struct error *err);
/* verify_apply; and kubeadm has not left the add-ons as they were. */
int upgrade_verify_apply(struct task *t, struct error *err);
enum step_verdict drain_check(struct task *t, struct error *why);
int drain_apply(struct task *t, struct error *err);
enum drain_pod {
	DRAIN_POD_STAYS, /* a DaemonSet's, a static Pod's mirror, or finished: it ends with the host */
	DRAIN_POD_GOES,  /* evicted: its controller makes another elsewhere */
	DRAIN_POD_LOST,  /* it has no controller */
};
/* What a drain does with a pod of its Node. Pure. */
enum drain_pod drain_pod(const struct json *pod);
/* Takes back what is left of Kubernetes on hosts that join again, before anybody counts on that they are out. */
enum step_verdict clear_check(struct task *t, struct error *why);
/* Of hosts that leave for good; reset_apply does it. */
enum step_verdict leave_check(struct task *t, struct error *why);
int leave_apply(struct task *t, struct error *err);
int certs_apply(struct task *t, struct error *err);
int benchmark_apply(struct task *t, struct error *err);
int hardware_apply(struct task *t, struct error *err);
/* Logs in, so that all hosts listen at the same time. */
int mesh_ready_apply(struct task *t, struct error *err);
int mesh_apply(struct task *t, struct error *err);
/* Who asks whom in this run. The caller releases. */
void mesh_of_run(const struct world *w, struct mesh_plan *out);
/* What is fetched of a host for somebody who helps. */
struct support_piece {
	const char *name, *kind, *argument; /* kind and argument are steps/host/support.sh's */
	const char *what;                   /* for people */
	size_t limit;                       /* bytes, from its end */
	unsigned roles;
};
extern const struct support_piece support_pieces[];
extern const size_t support_piece_count;
/* Its limit when so many hosts are asked: all of them together are bounded too. Pure. */
size_t support_limit(const struct support_piece *p, size_t hosts);
/* Fetches them into seen.support; fails only when the way to the host does. */
int support_apply(struct task *t, struct error *err);
enum step_verdict judge_certs_check(struct task *t, struct error *why);
int judge_certs_apply(struct task *t, struct error *err);
enum step_verdict renew_etcd_check(struct task *t, struct error *why);
int renew_etcd_apply(struct task *t, struct error *err);
enum step_verdict restart_etcd_check(struct task *t, struct error *why);
int restart_etcd_apply(struct task *t, struct error *err);
enum step_verdict renew_servers_check(struct task *t, struct error *why);
int renew_servers_apply(struct task *t, struct error *err);
enum step_verdict renew_kubelet_check(struct task *t, struct error *why);
int renew_kubelet_apply(struct task *t, struct error *err);
enum step_verdict renewed_check(struct task *t, struct error *why);
int renewed_apply(struct task *t, struct error *err);
/* ---- sign.c: on the control plane that speaks for the cluster ---- */
enum step_verdict requests_check(struct task *t, struct error *why);
int requests_apply(struct task *t, struct error *err);
enum step_verdict sign_check(struct task *t, struct error *why);
int sign_apply(struct task *t, struct error *err);
enum step_verdict remedy_check(struct task *t, struct error *why);
int remedy_apply(struct task *t, struct error *err);
enum step_verdict mend_check(struct task *t, struct error *why);
int mend_apply(struct task *t, struct error *err);
enum step_verdict look_again_check(struct task *t, struct error *why);
enum step_verdict ask_again_check(struct task *t, struct error *why);
int ask_again_apply(struct task *t, struct error *err);
enum step_verdict members_check(struct task *t, struct error *why);
int members_apply(struct task *t, struct error *err);
struct health_view;
/* Fills a struct health_view over what this run saw; lent from the world. */
void world_health_view(struct world *w, struct health_view *v);
/*
 * Asks the API server about kube-system and the kubelets, into out, whose Nodes are known; what it does not answer is
 * noted there. -1: the run was cancelled.
 */
int survey_pods(struct task *t, struct cluster_state *out, struct error *err);
struct survey_look {
	struct cluster_state *out;
	const struct inventory *inventory;
	int64_t deadline; /* of the monotonic clock */
	size_t next;      /* Node */
	int doubt;        /* the Node whose kubelet was silent, if it is not the API server that is; -1: none */
};
/* The halves of that, for world_api, with a struct survey_look. Of kube-system: what is not answered is noted. */
int survey_ask_pods(struct net_client *c, void *look, struct error *err);
/* The kubelets from `next` on. -1: one is silent; to be called again with another client. */
int survey_ask_kubelets(struct net_client *c, void *look, struct error *err);
/* What PLAN_REMEDY does about a finding, in a sentence without its subject; NULL: it has no safe remedy. */
const char *remedy_sentence(const char *finding);

#endif
