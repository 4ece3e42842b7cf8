/* types - a request, its response, and the connections that carry them.
 */
#ifndef MODELHOOK_HTTP_TYPES_H
#define MODELHOOK_HTTP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/login.h"
#include "http/options.h"

/* Whether a request may be sent again when it got no response, or 408, 429, 500, 502, 503, 504. */
enum http_idempotency {
	HTTP_IDEMPOTENT,     /* carrying it out twice is the same as once */
	HTTP_NOT_IDEMPOTENT, /* a create: sent again only when it surely was not carried out
			      * (connection refused, name not found, TLS refused, 429); else
			      * response->unknown is set */
};

/* http_body - what is sent: bytes, or a stream that can be read again from its start */
struct http_body {
	const void *bytes; /* with size, or NULL and the three below */
	uint64_t size;
	int (*read)(void *context, void *buffer, size_t size, size_t *got, struct fail *f);
	int (*rewind)(void *context, struct fail *f); /* called before every try but the first */
	void *context;
	bool never_waits; /* read: what it gives is in memory */
};

/* http_sink - where a response's body goes when it is large; called in order, only for a 2xx answer
 */
struct http_sink {
	int (*write)(void *context, const void *bytes, size_t size, struct fail *f);
	int (*restart)(void *context, struct fail *f); /* before every try but the first */
	void *context;
};

struct http_response {
	long status;	    /* 200 ..., 0 where no response came */
	struct text head;   /* header lines of the last hop as they came, at most 64 KiB */
	struct text body;   /* of a status other than 2xx only the first 64 KiB */
	char *content_type; /* or NULL */
	char *from;	    /* the URL that answered in the end, fit for a message, where redirects
			     * were followed; or NULL */
	char *location;	    /* where a redirect that was not followed leads, fit for a message; or
			     * NULL */
	int64_t date_ms;    /* the Date header, 0 where absent */
	int64_t ms;	    /* from the beginning of the first try to the end, pauses included */
	bool unknown;	    /* HTTP_NOT_IDEMPOTENT: it may have been carried out */
	int tries;
};

/* What becomes of a response that is compressed on its way. Bodies are bounded by what they decode
 * to. */
enum http_coding {
	HTTP_DECODED,	/* gzip and deflate are asked for and decoded */
	HTTP_AS_STORED, /* identity is asked for and nothing is decoded: an object may be stored
			 * with a Content-Encoding, and its bytes are compared as they are stored */
	HTTP_AS_STORED_GZIP, /* the same of a store that decodes a gzip object unless gzip is asked
			      * for */
};

struct http_request {
	const char *method;	    /* "GET" */
	const char *url;	    /* percent-encoded */
	const char *content_type;   /* or NULL */
	const char *const *headers; /* more lines "Name: value", NULL-terminated, or NULL; they stay
				     * behind when a redirect leaves the origin */
	bool authorized;	    /* add the login */
	struct http_body body;
	const struct http_sink *sink; /* or NULL: into response.body, at most max_response bytes */
	size_t max_response;	      /* 0 = 8 MiB */
	enum http_idempotency repeat;
	enum http_coding coding; /* of a HEAD always identity, so that its sizes are true */
	int max_tries;		 /* 0: as often as the settings say */
	bool redirect_is_answer; /* none is followed */
	bool fresh_connection;	 /* none that is kept from before, and it is not kept after: a load
				  * balancer chooses a server for each connection */
	const char *connect_to;	 /* "ADDRESS:PORT" to connect to in place of the URL's host, whose
				  * name stays in the request and in TLS; or NULL. It goes through
				  * no proxy. */
	/* Optional: returns true if a status that is normally retryable is permanent, judging by
	 * the body. */
	bool (*is_permanent)(const struct http_response *response);
};

/* http_trust - whom TLS connections trust, and what they show; borrowed strings */
struct http_trust {
	const char *ca_bundle;	      /* file or folder, or NULL: the distribution's */
	const char *ca_setting;	      /* what names it, for messages */
	const char *client_cert;      /* PEM with certificate and key, or NULL; shown across no
				       * redirect to another origin */
	bool takes_client_cert;	      /* there is a setting for one: MLflow's */
	const char *insecure_setting; /* what asks for it, for messages */
	bool insecure;		      /* certificates are not checked */
	bool warned;		      /* that was said */
	/* where they come from a kubeconfig, whose strings hold the files themselves; or NULL */
	const char *ca_pem;	     /* instead of ca_bundle: these authorities and no others */
	const char *client_cert_pem; /* instead of client_cert, with client_key_pem */
	const char *client_key_pem;
};

struct http_engine; /* http/engine.h */

/* struct http - owns the connection cache and what was found about CAs; borrows login and
 * settings. Used by one thread at a time. With an engine it sends over that, all but bodies that
 * are streams: to read those may take time, which is no other request's. */
struct http {
	void *multi;		    /* made when first needed */
	struct http_engine *engine; /* borrowed; NULL: all goes over multi */
	const struct http_options *options;
	const struct http_login *login; /* or NULL */
	struct deadline deadline;
	bool direct;	       /* no proxy, whatever the environment says */
	const char *proxy_url; /* this proxy, whatever the environment says; borrowed, or NULL */
	const char *proxy_setting; /* what names it, for messages */
	int64_t send_rate;	   /* bytes a second of each transfer, 0: any */
	struct http_trust trust;   /* by http_open, MLflow's; may be set before the first request */
	bool trust_known;	   /* the first https request looked for the CAs */
	char *ca_file;		   /* as found; NULL: none was found, or none was looked for yet */
	char *ca_folder;
	bool coding_warned; /* a response was compressed unasked, and that was said */
	bool ipv4_only;	    /* names resolve only when IPv6 is not asked for */
	uint64_t requests;  /* sent so far, retries included */
};

/* http_exchange - one of several requests that are on their way together */
struct http_exchange {
	const struct http_request *request; /* borrowed */
	struct http_response *response;	    /* borrowed */
	int result;			    /* as http_send returns */
	struct fail fail;		    /* where that is -1 */
};

#endif
