/* The scripts of steps/host, compiled in by steps/embed.sh. Each is documented at its top. */
#ifndef STEPS_HOST_SCRIPTS_H
#define STEPS_HOST_SCRIPTS_H

extern const char host_script_lib[];
extern const char host_script_questions[]; /* before probe; after lib */
extern const char host_script_hardware[]; /* before probe */
extern const char host_script_contents[]; /* before probe, when wanted */
extern const char host_script_lock[];     /* before probe */
extern const char host_script_sources[];  /* before probe and packages */
extern const char host_script_surroundings[]; /* before probe */
extern const char host_script_probe[];
extern const char host_script_trees[]; /* after lib, before os and reset */
extern const char host_script_undo[];  /* after lib, before put, clean and reset */
extern const char host_script_wish[];  /* after undo, before put and packages */
extern const char host_script_put[];   /* after what a part adds to it: os, runtime, endpoint */
extern const char host_script_os[];
extern const char host_script_mend[];
extern const char host_script_packages[];
extern const char host_script_packages_undo[]; /* after undo, before packages and reset */
extern const char host_script_runtime[];
extern const char host_script_endpoint[];
extern const char host_script_security[];
extern const char host_script_beat[];
extern const char host_script_certificates[];
extern const char host_script_adopt[];
extern const char host_script_benchmark[];
extern const char host_script_machine[];
extern const char host_script_mesh[];
extern const char host_script_certs[];
extern const char host_script_renew[];
extern const char host_script_images[];
extern const char host_script_health[];
extern const char host_script_words[]; /* before health and explain */
extern const char host_script_room[];
extern const char host_script_snapshots[]; /* before probe */
extern const char host_script_etcd_snapshot[]; /* a file of the hosts' */
extern const char host_script_approve[]; /* a file of the hosts' */
extern const char host_script_pod_networks[]; /* before probe and mend */
extern const char host_script_init[];
extern const char host_script_join[];
extern const char host_script_upgrade[];
extern const char host_script_kubelet[];
extern const char host_script_reboot[];
extern const char host_script_settings[];
extern const char host_script_component[]; /* before components and custody */
extern const char host_script_components[];
extern const char host_script_custody[];
extern const char host_script_move[];
extern const char host_script_clean[];
extern const char host_script_cni[];
extern const char host_script_fetch_ca[];
extern const char host_script_unlock[];
extern const char host_script_filter[];  /* after lib, before deadman and reset */
extern const char host_script_deadman[]; /* after filter, before reset_network and confirm */
extern const char host_script_putback[]; /* a parameter of deadman's: runs on the host by itself */
extern const char host_script_confirm[];
extern const char host_script_reset_network[];
extern const char host_script_reset[];
extern const char host_script_remedy[];
extern const char host_script_job[];
extern const char host_script_logs[];
extern const char host_script_support[];
extern const char host_script_etcd_last[];
extern const char host_script_etcd_restore[];
extern const char host_script_etcd_space[];
extern const char host_script_etcd_stop[];
extern const char host_script_etcd_upload[];
extern const char host_script_explain[];
extern const char host_script_drill[];
extern const char host_script_drill_measure[]; /* after drill */

#endif
