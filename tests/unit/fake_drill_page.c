/* Six faults: one took longer than expected, one is left out. */
#include "tests/unit/fake_drill_page.h"

#include <string.h>

void fake_drill_fill(struct port_drill *out, bool made, bool refused, const char *hostile)
{
	static const char *const hosts[DRILL_FAULTS] = { "w1", "cp1", "cp2", "cp2", "cp3", "" };

	*out = (struct port_drill){ .count = refused ? 0 : DRILL_FAULTS };
	if (refused) {
		error_set(&out->error, ERROR_COMMAND, "%s",
			hostile ? hostile : "the cluster is not well, so no fault is made in it: Node w2 is not Ready");
		error_hint(&out->error, "see 'kubewright repair --check'");
	}
	out->list = arena_alloc(&out->arena, DRILL_FAULTS * sizeof(*out->list));
	for (size_t f = 0; f < out->count; f++) {
		struct port_drill_fault *p = &out->list[f];

		*p = (struct port_drill_fault){ drill_kinds[f].name, drill_kinds[f].title, .host = "",
			.state = DRILL_DUE, .expected = true };
		p->result = "can be made";
		p->text = "an etcd member that follows dies: its process is killed.\ncan be made\n";
		if (f == DRILL_LINK) {
			p->state = DRILL_LEFT_OUT;
			p->result = "link: nft is not on every control plane, and cuts one off";
			p->text = p->result;
		} else if (made) {
			p->state = DRILL_DONE;
			p->host = hostile ? hostile : hosts[f];
			p->expected = f != DRILL_LEADER;
			p->result = f == DRILL_LEADER ? "waited: writes 11.3 s, reads 2.0 s"
						      : "waited: writes 2.3 s, reads 2.0 s";
			p->text =
				"an etcd member that follows dies: its process is killed.\n"
				"writes: 61, 4 of them failed; the longest wait between two that succeeded was 2.3 s\n"
				"reads: 60, 3 of them failed; the longest wait was 2.0 s\n"
				"expected: no more than 10 s\n"
				"writes that were acknowledged and are gone: 0\n"
				"the cluster was well 4.1 s after the end\n"
				"written and read from cp1\n";
		}
		if (hostile)
			p->result = p->text = hostile;
	}
}
