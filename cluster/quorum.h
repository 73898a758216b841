/* The arithmetic of etcd's quorum, before anything touches a member. Pure. */
#ifndef CLUSTER_QUORUM_H
#define CLUSTER_QUORUM_H

#include "net/net.h"

#include <stdbool.h>

struct error;
struct str;

#define QUORUM_MEMBERS 16

struct quorum {
	unsigned voters, healthy; /* learners do not count */
};
/* inventory_quorum of the voters: so many must be healthy for anything to be written. */
unsigned quorum_needed(unsigned voters);
/* How many more healthy voters may be lost; 0 also when the quorum is lost. */
unsigned quorum_tolerates(const struct quorum *q);
/* "3 voters, 2 healthy, tolerates 0" is added to out; without a quorum "…, quorum lost". */
void quorum_words(const struct quorum *q, struct str *out);
/*
 * Whether a voter may be taken out: the members must be able to agree on it now, and those that stay must be able to
 * agree alone. healthy: of the one that goes. after is filled in any case. override: those that stay need not. -1: err
 * (ERROR_COMMAND) has the sum in words.
 */
int quorum_without(const struct quorum *now, bool healthy, const char *name, bool override, struct quorum *after,
	struct error *err);

/*
 * Whether a member may stand still for a while, its place being kept: the others must be able to agree alone. healthy:
 * of the one that stands still. override: they need not. -1: err (ERROR_COMMAND) has the sum in words. Pure.
 */
int quorum_pause(const struct quorum *now, bool healthy, const char *name, bool override, struct error *err);

/* ---- what control planes see ------------------------------------------------------------------------------------- */

/* etcd as one control plane's own member sees it, asked on that host; or all of them in one (quorum_merge). */
struct quorum_view {
	int count; /* members as it knows them; 0: its etcd does not answer, or was not asked */
	struct net_etcd_member list[QUORUM_MEMBERS];
	bool unseen[QUORUM_MEMBERS];  /* it could not be asked from that host, which says nothing of it */
	/* the member's own /status, asked from that host; false also when only the host's own member was asked */
	bool answers[QUORUM_MEMBERS];
	struct net_etcd_status status[QUORUM_MEMBERS];
	int64_t last_write; /* of that host's own, in seconds since 1970, while nobody knows a leader; 0: not known */
};
/* Whether the i-th member of a view answers and knows a leader. */
bool quorum_healthy(const struct quorum_view *v, int i);
/* Its voters, and how many of them are healthy by quorum_healthy. */
struct quorum quorum_count(const struct quorum_view *v);
/* Voters that answer, with a leader or without. */
unsigned quorum_answering(const struct quorum_view *v);
/* Voters of which nothing is known, because they could not be asked. */
unsigned quorum_unseen(const struct quorum_view *v);
/* Of the member of this host, unless another one has heard it. */
void quorum_mark_unseen(struct quorum_view *v, const char *address, const char *name);
/* quorum_words of what is seen; while nobody knows a leader those that answer are shown as healthy. */
void quorum_view_words(const struct quorum_view *v, struct str *out);
/* "https://10.0.0.11:2380" -> "10.0.0.11" */
void quorum_address(const struct net_etcd_member *m, char *out, size_t size);
/*
 * What it is in a word or three: "leader", "voter", "learner", "not started", "knows no leader", "does not answer",
 * "cannot be asked".
 */
const char *quorum_state(const struct quorum_view *v, int i);
/* How far the i-th is behind the furthest that answers, in entries of the log; they were not asked at the same time. */
int64_t quorum_lag(const struct quorum_view *v, int i);
/* Takes the i-th member out of the view. */
void quorum_drop(struct quorum_view *v, int i);
/* Whether a member is at this address. */
bool quorum_member_at(const struct net_etcd_member *m, const char *address);
/* Whether a member is the host's of this address and name: by either of them. */
bool quorum_member_of(const struct net_etcd_member *m, const char *address, const char *name);
/* The member of a host, by its address or name; -1 none. */
int quorum_find(const struct quorum_view *v, const char *address, const char *name);
/*
 * All views, NULL among them, in one: the members as those know them that have a leader, else as the furthest does; a
 * member answers when it answers anybody. Returns which view's list it is, or -1 when no etcd answered.
 */
int quorum_merge(struct quorum_view *const *views, size_t count, struct quorum_view *out);
/* The list of out stays; a member in it answers when it answers in one of the views. */
void quorum_hear(struct quorum_view *const *views, size_t count, struct quorum_view *out);

/* Whether a member that is to go may be taken for what it seems. */
struct quorum_evidence {
	bool looked; /* at its host, over SSH */
	bool runs;   /* and etcd listens there */
	unsigned asked, seen; /* other control planes whose etcd was asked for it; those that had an answer from it */
	unsigned others;      /* voters that are healthy, without it */
};
/*
 * 0: it is left on purpose by somebody who was there, or two that know nothing of each other say that it is dead. -1:
 * err (ERROR_COMMAND) says what is in doubt: it lives and only the way from here to it is cut; etcd answers at its
 * address and not on its host; too few could be asked.
 */
int quorum_confirm(const struct quorum_evidence *e, const char *name, struct error *err);
/* What is known of the etcd of one control plane of the inventory, no matter who asked it. */
struct quorum_look {
	const char *name, *address;
	bool none;      /* there is nothing of etcd on the host, or nobody listens: seen on the host itself */
	bool unreached; /* the host cannot be reached from here */
	bool refused;   /* asked from another control plane: nobody listens there */
	bool silent;    /* the same: no packet comes back */
	const char *why, *hint; /* why it could not be asked; "": nobody tried */
};
/*
 * Whether a lost quorum may be given up for a cluster of one: not while it stands, nor while so many answer that it can
 * come back by itself, nor while so many may be alive that it may stand: dead is who was looked at and has no etcd that
 * listens, or who answers neither us nor another control plane. all: what is known of the members (count 0: nothing;
 * then each of looks is taken for a voter).
 */
int quorum_given_up(const struct quorum_view *all, const struct quorum_look *looks, size_t count, struct error *err);
/* The sum of it. answering: voters that answer, with a leader or without. */
int quorum_lost(unsigned voters, unsigned answering, struct error *err);

#endif
