/* servers - every kind of inference server that can be asked.
 */
#ifndef MODELHOOK_SERVED_SERVERS_H
#define MODELHOOK_SERVED_SERVERS_H

#include "served/server.h"

extern const struct served_server served_server_http;
extern const struct served_server served_server_tensorflow_serving;
extern const struct served_server served_server_triton;
extern const struct served_server served_server_mlserver;
extern const struct served_server served_server_mlflow;
extern const struct served_server served_server_kserve;

/* served_servers - all of them, NULL behind the last; the first is the default */
extern const struct served_server *const served_servers[];

#endif
