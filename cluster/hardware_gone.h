/* What a machine had when it was last looked at, and has no more. Pure. */
#ifndef CLUSTER_HARDWARE_GONE_H
#define CLUSTER_HARDWARE_GONE_H

struct findings;
struct inventory;
struct json;

/*
 * Adds a finding for each part of a host's earlier map that its present one lacks, and for each card that has lost its
 * link. What is not known now is not missed. Names: those of findings_hardware_gone_name.
 */
void findings_hardware_gone(const struct inventory *inv, int host, const struct json *before, const struct json *now,
	struct findings *out);
/* The i-th name of such a finding; NULL: there is none of that number. */
const char *findings_hardware_gone_name(int i);
/* The map to be kept for the next look: the present one, with what is gone still in it. The caller frees. */
struct json *hardware_kept(const struct json *before, const struct json *now);

#endif
