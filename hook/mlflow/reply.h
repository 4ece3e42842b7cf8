/* reply - what an answer other than the wished one means, and what to do about it.
 */
#ifndef MODELHOOK_MLFLOW_REPLY_H
#define MODELHOOK_MLFLOW_REPLY_H

#include "mlflow/call.h"

/* mlflow_reply_read - fill code and message from the body of an answer that is not 2xx */
void mlflow_reply_read(struct mlflow_reply *reply);

#endif
