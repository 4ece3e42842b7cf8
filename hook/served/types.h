/* types - how a service is asked which model it serves, and what came of it.
 */
#ifndef MODELHOOK_SERVED_TYPES_H
#define MODELHOOK_SERVED_TYPES_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deploy/service.h"
#include "kubernetes/options.h"
#include "kubernetes/workload.h"

struct served_server;  /* served/server.h */
struct served_cluster; /* served/cluster.h */

/* What of a version a service tells: text that is the same on both sides. */
enum served_identity {
	SERVED_VERSION, /* its number in the registry */
	SERVED_DIGEST,	/* of its package */
	SERVED_RUN_ID,
	SERVED_MODEL_UUID,
};

/* struct served_workload - the workload in Kubernetes whose pods are the replicas; owns its strings
 */
struct served_workload {
	struct kubernetes_options at;
	enum workload_kind kind;
	char *name; /* NULL: none is named */
};

/* struct served_inference_service - what KServe runs; owns its strings */
struct served_inference_service {
	struct kubernetes_options at;
	char *name;
	char *storage_uri; /* of the version, with placeholders, or NULL: its source */
};

/* struct served_replicas - who is to be asked; none of it: the URL alone. Owns its strings. */
struct served_replicas {
	char **urls; /* each in place of "url" */
	size_t url_count;
	char *dns;	  /* a name whose addresses are the replicas, or NULL */
	char *nameserver; /* "ADDRESS:PORT", or NULL: those of /etc/resolv.conf */
	int64_t port;	  /* of each */
	int64_t count;	  /* how many there have to be; 0: any number */
	struct served_workload
		workload; /* says how many; without urls and dns its pods are asked */
	bool by_proxy;	  /* the pods, through the API server instead of at their addresses */
};

/* How golden requests are asked (served/golden.h). */
enum golden_protocol {
	GOLDEN_BY_SERVER, /* the server's own; of one's own service MLflow's */
	GOLDEN_INVOCATIONS,
	GOLDEN_V1,
	GOLDEN_V2,
	GOLDEN_TEMPLATE,
};

/* struct served_golden - "golden"; owns its strings */
struct served_golden {
	bool is_asked;
	enum golden_protocol protocol;
	char *path;	  /* below the service's origin; NULL: as the protocol has it */
	double tolerance; /* 0: that of the training */
	char *template;	  /* JSON */
	char *answer;	  /* JSON pointer; NULL: the whole answer */
};

/* struct served - "served" in modelhook.json; owns its strings */
struct served {
	const struct served_server *server;
	struct service service; /* its "url" and how it is asked; of a server that the cluster tells
				 * of only for golden requests */
	char *model;		/* its name at the server; NULL: that of the registry */
	char *number; /* the version at a server that numbers its own, with placeholders */
	struct served_inference_service inference_service; /* of server kserve alone */
	char *published; /* the directory whose numbers the server reads, or NULL */
	enum served_identity identity;
	char *pointer; /* JSON pointer; one of three says where the identity is */
	char *header;
	char *pattern; /* POSIX extended regular expression; its first group, else all of it */
	regex_t compiled;
	struct served_replicas replicas;
	int64_t rounds;
	int64_t interval_ms;
	int64_t timeout_ms;
	int64_t request_timeout_ms;
	bool roll_back; /* on_failure */
	struct served_golden golden;
};

struct golden; /* packaging/golden/golden.h */

/* struct served_call - what a proof is given; borrowed */
struct served_call {
	struct deploy_call deploy;	/* the version, and how it is asked */
	const struct golden *golden;	/* of that version; NULL: none are asked for */
	double tolerance;		/* of the training; 0: by the type of each output */
	struct served_cluster *cluster; /* kept between rounds, for one thread */
};

/* struct served_latency - of the requests of one phase */
struct served_latency {
	size_t requests;
	size_t errors; /* no response, or one that is no 2xx */
	int64_t p50_ms;
	int64_t p95_ms;
};

/* struct served_seen - one replica in one round; owns its strings */
struct served_seen {
	char *replica; /* its URL, fit for a message */
	char *said;    /* the identity that it told, or NULL */
	char *problem; /* why it is no proof: "serves version 3", "HTTP 503"; NULL: it is one */
	bool is_final; /* waiting will not help */
	int64_t ms;
	bool failed;	 /* the request, whatever it says of the model */
	bool is_unknown; /* nobody could say which replicas there are */
	bool is_gone;	 /* a pod that was told to end, and does not answer any more: none */
};

struct served_round {
	struct served_seen *items;
	size_t count;
};

#endif
