#include "served/servers.h"

const struct served_server *const served_servers[] = {
	&served_server_http,
	&served_server_tensorflow_serving,
	&served_server_triton,
	&served_server_mlserver,
	&served_server_mlflow,
	&served_server_kserve,
	NULL,
};
