/*
 * The command line. One table of commands and one of options feed the parser, the help, and the tests that hold the man
 * page and the completions to them. Results go to stdout, everything else to stderr; nothing is ever asked without a
 * terminal.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;
struct host_identity;
struct json;
struct remote_pool;
struct renew_wish;
struct secret;
struct str;
struct world_etcd;

/* The inventory when -f names none. */
#define CLI_FILE "kubewright.yaml"
/* Exit status when nothing of base/error.h fits: the cluster stands, hosts are left to do. */
#define CLI_EXIT_HOSTS_LEFT 8
#define CLI_EXIT_USAGE 2

/* ---- tables ------------------------------------------------------------------------------------------------------ */

enum cli_command_bit {
	CLI_INIT = 1 << 0,
	CLI_CHECK = 1 << 1,
	CLI_PLAN = 1 << 2,
	CLI_APPLY = 1 << 3,
	CLI_STATUS = 1 << 4,
	CLI_RESET = 1 << 5,
	CLI_KUBECONFIG = 1 << 6,
	CLI_LOGS = 1 << 7,
	CLI_SSH = 1 << 8,
	CLI_VERSION = 1 << 9,
	CLI_HELP = 1 << 10,
	CLI_REPLAY = 1 << 11,
	CLI_REJOIN = 1 << 12,
	CLI_REPAIR = 1 << 13,
	CLI_WATCH = 1 << 14,
	CLI_UNLOCK = 1 << 15,
	CLI_REMOVE = 1 << 16,
	CLI_ETCD = 1 << 17,
	CLI_UPGRADE = 1 << 18,
	CLI_REBOOT = 1 << 19,
	CLI_CERTS = 1 << 20,
	CLI_SUPPORT = 1 << 21,
	CLI_ADOPT = 1 << 22,
	CLI_HARDWARE = 1 << 23,
	CLI_DRILL = 1 << 24,
	CLI_RUNS = CLI_CHECK | CLI_PLAN | CLI_APPLY | CLI_STATUS | CLI_RESET | CLI_REJOIN | CLI_REPAIR |
		   CLI_UNLOCK | CLI_REMOVE | CLI_ETCD | CLI_UPGRADE | CLI_REBOOT |
		   CLI_CERTS | CLI_HARDWARE | CLI_DRILL, /* work on many hosts */
	CLI_LOADS = CLI_RUNS | CLI_LOGS | CLI_SUPPORT | CLI_KUBECONFIG | CLI_SSH, /* read an inventory */
	CLI_CONNECTS = CLI_RUNS | CLI_LOGS | CLI_SUPPORT | CLI_ADOPT,
	CLI_ALL = 0x7fffffff,
};

struct cli_options {
	const struct cli_command *command; /* NULL: none was given */
	const char *file;
	char **hosts; /* --hosts, split; owned */
	size_t host_count;
	const char **sets; /* owned array of lent strings */
	size_t set_count;
	bool yes, json, accept_new_host_keys, verbose, no_color, help, without_missing, write, list, check;
	bool override_quorum, force, timeline, all, pending, through, remove, take_ca_keys, reissue, forget, security;
	bool table, mesh;
	int parallel, connect_timeout_s, drain_timeout_s, days, lines, batch, expiring; /* 0: not given */
	bool batch_percent; /* batch is of all workers */
	const char *cluster, *from, *snapshot, *out, *user, *group;
	const char *passphrase_env; /* of --passphrase: the variable; NULL: asked for */
	const char *through_to; /* of an upgrade: what it leads to through this version; NULL */
	/* Who is asked for a secret, with a prompt; NULL: the terminal. */
	int (*ask)(void *ctx, const char *prompt, struct secret *out, struct error *err);
	void *ask_ctx;
	bool warned; /* what the inventory is warned of was shown before, or a full screen shows it: not printed */
	bool draft;  /* the inventory is still being made */
	const char *text; /* of the inventory, in the place of the file's; NULL */
	bool watched; /* somebody may have a host retried that was set aside: see RUN_RETRIES */
	/* what an earlier run led to, or the wizard asked for: see struct world */
	struct world_etcd *etcd;
	const struct host_identity *shown;
	const struct renew_wish *renew; /* args are hosts, then */
	const char *remedy, *sign;
	unsigned drill; /* bits 1 << enum drill_fault; 0: all */
	struct remote_pool *pool; /* logins that are kept from run to run; NULL */
	char **args; /* lent from argv */
	size_t arg_count;
};

struct cli_command {
	const char *name, *args; /* args as shown in the help: "HOST [COMMAND…]" */
	const char *summary;     /* one line */
	const char *text;        /* a paragraph */
	unsigned bit;
	size_t min_args, max_args;
	bool raw;                                /* what follows the first argument is not ours to read */
	int (*run)(const struct cli_options *o); /* returns the exit status */
};
extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

struct cli_option {
	const char *name;
	char letter;     /* 0: none */
	const char *arg; /* NULL: takes none */
	const char *help;
	unsigned commands; /* bits of the commands that know it */
};
extern const struct cli_option cli_option_table[];
extern const size_t cli_option_count;

/* Reads argv. ERROR_USAGE names what was meant, if it can be guessed. cli_options_release in any case. */
int cli_options_parse(struct cli_options *o, int argc, char **argv, struct error *err);
void cli_options_release(struct cli_options *o);
/* By its whole name; NULL: there is none. */
const struct cli_command *cli_command_find(const char *name);
/* Adds the versions of kubewright and its libraries, a line each. */
void cli_versions(struct str *out);
/* The nearest of count words (at stride bytes), or NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *words, size_t count);

/* The whole program; returns the exit status. */
int cli_main(int argc, char **argv);
/*
 * No core files, and no debugging by other processes of the same user, unless KUBEWRIGHT_DUMPABLE is set: CA keys and
 * passwords come into this process.
 */
void cli_seal(void);
/* Help of all commands (command NULL) or of one. */
void cli_help(FILE *f, const struct cli_command *command);

/* ---- printing ---------------------------------------------------------------------------------------------------- */

enum cli_color { CLI_PLAIN, CLI_RED, CLI_GREEN, CLI_YELLOW, CLI_BOLD, CLI_DIM };
/* Decides once whether stdout and stderr get colours: a terminal, no NO_COLOR, no --color never, TERM not dumb. */
void cli_color_setup(bool never);
/* The escape sequence for f, or "". */
const char *cli_color(FILE *f, enum cli_color color);
/* "error: HOST: STEP: what", the detail indented, "  hint: …". */
void cli_error_print(FILE *f, const struct error *err);
/* Prints it on stderr and returns its exit status. */
int cli_fail(const struct error *err);
/* Text of several lines, each after indent. */
void cli_indented(FILE *f, const char *indent, const char *text);
/*
 * Adds the words of text, the first of them at column `at`, and a newline; what goes beyond 80 columns continues at
 * `indent`.
 */
void cli_wrap(struct str *out, const char *text, int at, int indent);
/* "39.1 s", "1m52s", "2h05m" into out (16 bytes or more); returns out. */
char *cli_duration(int64_t ms, char *out, size_t size);
/* Writes the document and a newline to stdout; frees it. */
void cli_json_print(struct json *j);
/* The members kind, host, step, what, hint, detail of an error as an object; empty ones are left out. */
struct json *cli_error_json(const struct error *err);
/* Flushes stdout; a failure (disk full) turns status into that of a system error and is reported. */
int cli_finish(int status);

/* ---- asking ------------------------------------------------------------------------------------------------------ */

/* Whether somebody can be asked: a terminal with us in the foreground, and stdin or stderr on it. */
bool cli_can_ask(void);
/* Reads a line without echo from the terminal. ERROR_USAGE when there is none. */
int cli_ask_secret(const char *prompt, struct secret *out, struct error *err);
/* Reads a line into out (without newline). False: no terminal, end of input, or wake_fd (-1: none) became readable. */
bool cli_ask_line(const char *prompt, char *out, size_t size, int wake_fd);
/*
 * Asks a question with a list of answers "no|yes"; returns the index of the one that was typed in full, 0 (the safe
 * one) for an empty line or when nobody answers. What was typed before the question does not count.
 */
int cli_ask_answer(const char *question, const char *answers, int wake_fd);
/* Puts the terminal back as it was; safe in a signal handler. */
void cli_ask_restore(void);

/* ---- signals ----------------------------------------------------------------------------------------------------- */

/* SIGINT, SIGTERM, SIGHUP end the program with 130, the terminal restored; SIGPIPE is ignored. */
void cli_signals_setup(void);
/* While a run is under way the first of them only makes cli_signals_fd readable; the second ends the program. */
void cli_signals_running(bool running);
/* To be polled; cli_signals_taken makes it quiet again. */
int cli_signals_fd(void);
/* Whether one came since the last call. */
bool cli_signals_taken(void);

/* ---- commands, one file each ------------------------------------------------------------------------------------- */
/* The run of struct cli_command: given options that it knows, prints its own errors and returns the exit status. */
int cli_init(const struct cli_options *o);
int cli_check(const struct cli_options *o);
int cli_plan(const struct cli_options *o);
int cli_apply(const struct cli_options *o);
int cli_status(const struct cli_options *o);
int cli_reset(const struct cli_options *o);
int cli_kubeconfig(const struct cli_options *o);
int cli_logs(const struct cli_options *o);
int cli_ssh(const struct cli_options *o);
int cli_rejoin(const struct cli_options *o);
int cli_repair(const struct cli_options *o);
int cli_etcd(const struct cli_options *o);
int cli_remove(const struct cli_options *o);
int cli_upgrade(const struct cli_options *o);
int cli_reboot(const struct cli_options *o);
int cli_drill(const struct cli_options *o);
int cli_replay(const struct cli_options *o);
int cli_timeline(const struct cli_options *o); /* replay --timeline */
int cli_watch(const struct cli_options *o);
int cli_unlock(const struct cli_options *o);
int cli_certs(const struct cli_options *o);
int cli_hardware(const struct cli_options *o);
int cli_support(const struct cli_options *o);
int cli_adopt(const struct cli_options *o);
/* What runs without a command, on a terminal. */
int cli_wizard(const struct cli_options *o);

#endif
