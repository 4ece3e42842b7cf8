/* server - a kind of inference server: what it is asked, and what its answer proves.
 *
 * A new kind is a file server_NAME.c, a line in served/servers.h and a row in served/servers.c.
 */
#ifndef MODELHOOK_SERVED_SERVER_H
#define MODELHOOK_SERVED_SERVER_H

#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "packaging/json/json.h"
#include "served/types.h"

struct served_server {
	const char *name;  /* "server" in the settings */
	bool is_plain;	   /* the identity is at a JSON pointer, in a header or matches a pattern */
	bool is_silent;	   /* it says nothing of its model: its answers alone tell */
	bool needs_golden; /* without golden requests nothing proves anything */
	bool answers_version; /* an answer of the open inference protocol names the version that
			       * gave it */
	enum golden_protocol protocol; /* of golden requests, unless the settings say another */

	/* look - in place of the two below, what the cluster tells of the whole service, into
	 * seen->replica, said, problem and is_final; -1 with LATER: nobody can say now */
	int (*look)(const struct served *served, const struct served_call *call,
		struct served_seen *seen, struct fail *f);

	/* question - the request's path below the replica's URL, and its body, where it has one:
	 * then the method is POST */
	void (*question)(const struct served *served, const struct served_call *call,
		struct text *path, struct text *body);

	/* read - a 2xx response into seen->said, problem and is_final */
	void (*read)(const struct served *served, const struct deploy_model *model,
		const struct http_response *response, struct served_seen *seen);
};

#endif
