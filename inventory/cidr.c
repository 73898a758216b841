/* IPv4 addresses and networks. */
#include "inventory/private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool inventory_ipv4(const char *text, unsigned *out)
{
	struct in_addr a;

	/* inet_pton takes leading zeros in some libcs; they mean octal elsewhere */
	for (const char *p = text; *p; p++)
		if (*p == '0' && (p == text || p[-1] == '.') && p[1] >= '0' && p[1] <= '9')
			return false;
	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*out = ntohl(a.s_addr);
	return true;
}

bool inventory_net(const char *text, struct inventory_net *out)
{
	const char *slash = strchr(text, '/');
	char address[16], *end;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || slash[1] < '0' || slash[1] > '9' ||
		strlen(slash) > 3)
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	out->bits = (int)strtol(slash + 1, &end, 10);
	if (*end || out->bits > 32 || (slash[1] == '0' && slash[2]) || !inventory_ipv4(address, &out->address))
		return false;
	out->mask = out->bits ? 0xffffffffu << (32 - out->bits) : 0;
	return true;
}

bool inventory_cidr_contains(const char *cidr, const char *address)
{
	struct inventory_net net;
	unsigned a;

	return inventory_net(cidr, &net) && inventory_ipv4(address, &a) && ((a ^ net.address) & net.mask) == 0;
}

bool inventory_cidr_overlap(const char *a, const char *b)
{
	struct inventory_net x, y;

	return inventory_net(a, &x) && inventory_net(b, &y) && ((x.address ^ y.address) & (x.mask & y.mask)) == 0;
}

int inventory_cidr_nth(const char *cidr, unsigned n, char out[16])
{
	struct inventory_net net;
	struct in_addr a;

	if (!inventory_net(cidr, &net) || n > ~net.mask)
		return -1;
	a.s_addr = htonl((net.address & net.mask) + n);
	return inet_ntop(AF_INET, &a, out, 16) ? 0 : -1;
}
