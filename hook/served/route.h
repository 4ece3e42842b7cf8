/* route - the way to the replicas of a service: straight to each, or through the API server of
 * their cluster.
 */
#ifndef MODELHOOK_SERVED_ROUTE_H
#define MODELHOOK_SERVED_ROUTE_H

#include "base/fail.h"
#include "http/types.h"
#include "served/replicas.h"
#include "served/types.h"

/* struct served_route - owns the client, the list and the array of headers; borrows served and
 * call. Must not be moved. */
struct served_route {
	const struct served *served;
	const struct served_call *call;
	struct service_client client;
	struct served_replica_list replicas;
	const char **headers; /* NULL-terminated */
};

/* served_route_open - with all replicas that there are now, as served_replicas_find; closed
 * whatever the result */
MUST_CHECK int served_route_open(struct served_route *route, const struct served *served,
	const struct served_call *call, struct fail *f);
void served_route_close(struct served_route *route);

/* served_route_request - a request to this replica: POST of the body, or GET where it is empty. It
 * borrows url and body, and is tried once. */
struct http_request served_route_request(const struct served_route *route,
	const struct served_replica *replica, const char *url, const struct text *body);

/* served_route_send - as http_send_all; all end within served->request_timeout_ms */
void served_route_send(struct served_route *route, struct http_exchange *exchanges, size_t count);

/* served_route_failure - why an exchange that failed got no response: "Connection refused", "no
 * answer within 10.0 s"; the caller frees it */
char *served_route_failure(const struct served_route *route, const struct http_exchange *exchange);

#endif
