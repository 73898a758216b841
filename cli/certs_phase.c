/* How far a CA is that is rotated, or the key of service accounts, in words: for `certs rotate`, `certs` and `status`. */
#include "cli/run.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/rotate.h"

static const struct {
	const char *name, *count, *plural, *are, *signs, *next; /* next: the option that continues from there */
} phases[] = {
	[PKI_PHASE_ONE] = { "one", "one", "", "is", "signs", "" },
	[PKI_PHASE_BOTH] = { "both", "two", "s", "are", "the earlier one signs", " --reissue" },
	[PKI_PHASE_REISSUED] = { "reissued", "two", "s", "are", "the new one signs", " --forget" },
};

const char *certs_phase_name(enum pki_phase phase)
{
	return phases[phase].name;
}

void certs_phase_words(const struct rotate_kind *kind, enum pki_phase phase, struct str *out)
{
	str_addf(out, "%s %s%s %s trusted, and %s", phases[phase].count, kind->what, phases[phase].plural,
		phases[phase].are, phases[phase].signs);
}

void certs_phase_next(const struct rotate_kind *kind, enum pki_phase phase, struct str *out)
{
	str_addf(out, "When it suits: kubewright certs rotate %s%s", kind->name, phases[phase].next);
}

void certs_rotations(const char *store_dir, struct str *out)
{
	for (size_t i = 0; i < PKI_ROTATED; i++) {
		enum pki_phase phase = pki_store_phase_at(store_dir, rotate_kinds[i].issuer);

		if (phase == PKI_PHASE_ONE)
			continue;
		str_addf(out, "%s is being rotated: ", rotate_kinds[i].name);
		certs_phase_words(&rotate_kinds[i], phase, out);
		str_add(out, ". ");
		certs_phase_next(&rotate_kinds[i], phase, out);
		str_addc(out, '\n');
	}
}

struct json *certs_rotations_json(const char *store_dir)
{
	struct json *list = json_array();

	for (size_t i = 0; store_dir && i < PKI_ROTATED; i++) {
		enum pki_phase phase = pki_store_phase_at(store_dir, rotate_kinds[i].issuer);
		struct json *j;

		if (phase == PKI_PHASE_ONE)
			continue;
		j = json_add(list, json_object());
		json_set_str(j, "ca", rotate_kinds[i].name);
		json_set_str(j, "phase", phases[phase].name);
	}
	return list;
}
