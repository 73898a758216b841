/* Requests in all states. */
#include "tests/unit/fake_requests.h"

#define SERVING "kubernetes.io/kubelet-serving"

static const struct port_request all[] = {
	{ "csr-4kd2x", "u-1", SERVING, "system:node:w1", "system:node:w1 of system:nodes", "DNS w1, IP 10.0.0.21",
		"digital signature, server auth", REQUEST_GOOD, "", 40 },
	{ "csr-8fj3c", "u-2", SERVING, "system:node:w2", "system:node:w2 of system:nodes", "DNS w2, IP 10.0.0.22",
		"digital signature, server auth", REQUEST_GOOD, "", 300 },
	{ "csr-evil1", "u-3", SERVING, "system:node:w2", "system:node:w1 of system:nodes", "DNS w1, IP 10.0.0.21",
		"digital signature, server auth", REQUEST_REFUSED, "'system:node:w2' asks for the certificate of w1",
		9000 },
	{ "operator-tls", "u-4", "example.com/signer", "system:serviceaccount:ops:operator", "", "", "server auth",
		REQUEST_FOREIGN, "", 400000 },
};

void fake_requests_fill(struct port_requests *out, enum fake_requests which, const char *hostile)
{
	*out = (struct port_requests){ .asked = which != FAKE_REQUESTS_SILENT };
	out->list = arena_alloc(&out->arena, sizeof(all));
	if (which == FAKE_REQUESTS_SILENT) {
		error_set(&out->error, ERROR_COMMAND, "%s",
			hostile ? hostile : "no API server answers, so nobody can ask it");
		error_hint(&out->error, "see 'kubewright status'");
	}
	for (size_t i = 0; which == FAKE_REQUESTS_ALL && i < sizeof(all) / sizeof(all[0]); i++) {
		struct port_request *q = &out->list[out->count++];

		*q = all[i];
		if (hostile)
			q->name = q->requester = q->subject = q->names = q->usages = q->signer = q->why = hostile;
	}
}
