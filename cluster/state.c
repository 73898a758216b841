/* The living cluster as its API shows it: NodeLists, read once. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_ready(const struct json *node, struct cluster_node *n)
{
	const struct json *conditions = json_get(node, "status.conditions");

	for (size_t i = 0; i < json_size(conditions); i++) {
		const struct json *c = json_at(conditions, i);
		const char *status = json_get_str(c, "status", ""), *message = json_get_str(c, "message", "");

		if (strcmp(json_get_str(c, "type", ""), "Ready") != 0)
			continue;
		n->ready = strcmp(status, "True") == 0;
		/*
		 * "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin
		 * returns error: cni plugin not initialized" (kubelet with containerd; 1.20: "runtime network not ready: ...").
		 * "Unknown" is a kubelet that has fallen silent, whatever it said last; several reasons stand in brackets.
		 */
		n->no_network =
			strcmp(status, "False") == 0 && strstr(message, "NetworkPluginNotReady") && *message != '[';
	}
}

static void internal_address(const struct json *node, char *out, size_t size)
{
	const struct json *addresses = json_get(node, "status.addresses");

	for (size_t i = 0; i < json_size(addresses); i++) {
		const struct json *a = json_at(addresses, i);

		if (strcmp(json_get_str(a, "type", ""), "InternalIP") == 0) {
			str_copy_line(out, size, json_get_str(a, "address", ""));
			return;
		}
	}
}

/* Labels of both generations: 1.20 knows node-role.kubernetes.io/master beside the newer one. */
static void look_at_label(const char *key, const struct json *value, void *ctx)
{
	bool *control_plane = ctx;

	(void)value;
	if (strcmp(key, "node-role.kubernetes.io/control-plane") == 0 ||
		strcmp(key, "node-role.kubernetes.io/master") == 0)
		*control_plane = true;
}

static void read_node(const struct json *json, struct cluster_node *n)
{
	const struct json *labels = json_get(json, "metadata.labels");
	const char *version = json_get_str(json, "status.nodeInfo.kubeletVersion", "");

	str_copy_line(n->name, sizeof(n->name), json_get_str(json, "metadata.name", ""));
	str_copy_line(n->version, sizeof(n->version), *version == 'v' ? version + 1 : version);
	internal_address(json, n->address, sizeof(n->address));
	read_ready(json, n);
	n->unschedulable = json_get_bool(json, "spec.unschedulable", false);
	json_each(labels, look_at_label, &n->control_plane);
	n->labels = labels;
	n->json = json;
}

int cluster_state_add_nodes(struct cluster_state *c, struct json *node_list, struct error *err)
{
	const struct json *items = json_get(node_list, "items");

	/* a server may leave out an empty list's items */
	if (!json_is_object(node_list) || (items && !json_is_array(items) && json_size(items) > 0)) {
		json_free(node_list);
		return error_set(err, ERROR_PROTOCOL, "the API server's answer is not a list of Nodes");
	}
	for (size_t i = 0; i < json_size(items); i++)
		if (!*json_get_str(json_at(items, i), "metadata.name", "")) {
			json_free(node_list);
			return error_set(err, ERROR_PROTOCOL, "the API server's answer has a Node without a name");
		}
	if (!c->nodes_json)
		c->nodes_json = json_array();
	json_add(c->nodes_json, node_list);
	c->nodes = xrealloc(c->nodes, c->node_count + json_size(items) + 1, sizeof(*c->nodes));
	for (size_t i = 0; i < json_size(items); i++) {
		memset(&c->nodes[c->node_count], 0, sizeof(*c->nodes));
		read_node(json_at(items, i), &c->nodes[c->node_count++]);
	}
	return 0;
}

void cluster_state_forget_nodes(struct cluster_state *c)
{
	free(c->nodes);
	json_free(c->nodes_json);
	c->nodes = NULL;
	c->nodes_json = NULL;
	c->node_count = 0;
}

int cluster_state_nodes(struct cluster_state *c, struct json *node_list, struct error *err)
{
	struct cluster_state seen = { .nodes = NULL };

	if (cluster_state_add_nodes(&seen, node_list, err))
		return -1;
	cluster_state_forget_nodes(c);
	c->nodes = seen.nodes;
	c->nodes_json = seen.nodes_json;
	c->node_count = seen.node_count;
	return 0;
}

const struct json *cluster_node_condition(const struct cluster_node *n, const char *type)
{
	const struct json *list = json_get(n->json, "status.conditions");

	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "type", ""), type) == 0)
			return json_at(list, i);
	return NULL;
}

bool cluster_node_is(const struct cluster_node *n, const char *condition)
{
	const struct json *c = cluster_node_condition(n, condition);

	return c && strcmp(json_get_str(c, "status", ""), "True") == 0;
}

const struct cluster_node *cluster_find_node(const struct cluster_state *c, const char *name)
{
	for (size_t i = 0; i < c->node_count; i++)
		if (strcmp(c->nodes[i].name, name) == 0)
			return &c->nodes[i];
	return NULL;
}

void cluster_state_release(struct cluster_state *c)
{
	cluster_state_forget_nodes(c);
	json_free(c->kubeadm_config);
	json_free(c->own_config);
	json_free(c->kubelet_config);
	json_free(c->kubeproxy_config);
	json_free(c->kubeproxy_set);
	cluster_pods_release(&c->pods);
	memset(c, 0, sizeof(*c));
	c->lead = -1;
}
