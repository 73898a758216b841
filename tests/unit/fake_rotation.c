/* How far a rotation is. */
#include "tests/unit/fake_rotation.h"

static const char state[] =
	"etcd-ca: two CAs are trusted, and the earlier one signs\n"
	"  signs     etcd-ca                        to 2036-01-01  sha256 9f86d081884c\n"
	"  trusted   etcd-ca-2                      to 2036-11-30  sha256 60303ae22b99\n"
	"cp1               etcd/ca.crt               to be placed\n"
	"cp1               restarts                  etcd, kube-apiserver\n"
	"cp2               etcd/ca.crt               to be placed\n"
	"cp2               restarts                  etcd, kube-apiserver\n"
	"cp3               etcd/ca.crt               to be placed\n"
	"cp3               restarts                  etcd, kube-apiserver\n"
	"Secrets whose token is from before: 12: ci/build-token, ci/deploy-token, monitoring/prometheus-token, ops/backup-token, …\n"
	"pods from before: 3: a/b, c/d, e/f; restart those whose programs read their token only when they start\n"
	"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\nthe last line\n";

void fake_rotation_fill(struct port_rotation *out, const char *name, enum fake_rotation which, const char *hostile)
{
	*out = (struct port_rotation){ .state = hostile ? hostile : state, .tell = "" };
	out->name = arena_strdup(&out->arena, name);
	if (which == FAKE_ROTATION_NEXT) {
		out->tell =
			"etcd-ca: From now on the next CA signs, and what the earlier one has signed is made again on "
			"all control planes; both are trusted. One control plane after the other follows, and what "
			"must restarts (etcd, kube-apiserver).";
		return;
	}
	error_set(&out->refused, ERROR_COMMAND, "%s",
		hostile ? hostile
			: "etcd-ca: the next CA does not sign yet, as not everything has what the key store holds: cp3 was not looked at");
	error_hint(&out->refused,
		"'kubewright certs rotate etcd-ca' continues; bring a host that is away back, or remove it");
}
