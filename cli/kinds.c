/* What can be run: by commands, by the wizard and by its Dashboard. */
#include "cli/run.h"

const struct cli_run_kind cli_kinds[KIND_COUNT] = {
	[KIND_CHECK] = { "check", &plans[PLAN_CHECK], 0, NULL },
	[KIND_PLAN] = { "plan", &plans[PLAN_INSTALL], RUN_CNI | RUN_TEXTS, NULL },
	[KIND_APPLY] = { "apply", &plans[PLAN_INSTALL], RUN_CHANGES | RUN_CNI | RUN_RETRIES, NULL },
	[KIND_STATUS] = { "status", &plans[PLAN_INSTALL], RUN_HEALTH, NULL },
	[KIND_REPAIR_LOOK] = { "repair", &plans[PLAN_REPAIR], RUN_TEXTS | RUN_HEALTH, NULL },
	[KIND_REPAIR_PLAN] = { "repair", &plans[PLAN_REPAIR], RUN_CNI | RUN_TEXTS | RUN_HEALTH, NULL },
	[KIND_REPAIR] = { "repair", &plans[PLAN_REPAIR], RUN_CHANGES | RUN_CNI | RUN_HEALTH | RUN_RETRIES, NULL },
	[KIND_REJOIN_PLAN] = { "rejoin", &plans[PLAN_REJOIN], RUN_CNI | RUN_TEXTS, "rejoin" },
	[KIND_REJOIN] = { "rejoin", &plans[PLAN_REJOIN], RUN_CHANGES | RUN_CNI | RUN_RETRIES, "rejoin" },
	[KIND_UPGRADE_LOOK] = { "upgrade", &plans[PLAN_UPGRADE], RUN_HEALTH, NULL },
	[KIND_UPGRADE] = { "upgrade", &plans[PLAN_UPGRADE], RUN_CHANGES | RUN_RETRIES, NULL },
	[KIND_REBOOT_PLAN] = { "reboot", &plans[PLAN_REBOOT], 0, "restart" },
	[KIND_REBOOT] = { "reboot", &plans[PLAN_REBOOT], RUN_CHANGES | RUN_RETRIES, "restart" },
	[KIND_REMOVE_PLAN] = { "remove", &plans[PLAN_REMOVE], 0, "leave" },
	[KIND_REMOVE] = { "remove", &plans[PLAN_REMOVE], RUN_CHANGES | RUN_RETRIES, "leave" },
	[KIND_REMEDY] = { "remedy", &plans[PLAN_REMEDY], RUN_CHANGES, NULL },
	[KIND_RESET_LOOK] = { "reset", &plans[PLAN_LOOK], 0, NULL },
	[KIND_RESET] = { "reset", &plans[PLAN_RESET], RUN_CHANGES, NULL },
	[KIND_UNLOCK_LOOK] = { "unlock", &plans[PLAN_LOOK], 0, NULL },
	[KIND_MEMBERS] = { "etcd", &plans[PLAN_MEMBERS], 0, NULL },
	[KIND_SNAPSHOT] = { "etcd", &plans[PLAN_SNAPSHOT], 0, NULL },
	[KIND_RESTORE] = { "etcd restore", &plans[PLAN_RESTORE], RUN_CHANGES, NULL },
	[KIND_LOGS] = { "logs", &cli_plan_logs, 0, NULL },
	[KIND_KUBECONFIG] = { "kubeconfig", &cli_plan_kubeconfig, 0, NULL },
};
