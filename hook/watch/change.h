/* change - has anything changed that decides which version is in Production? One small request: the
 * registered model alone names its aliases, the latest version of each stage and the decision.
 */
#ifndef MODELHOOK_WATCH_CHANGE_H
#define MODELHOOK_WATCH_CHANGE_H

#include <stdbool.h>

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* struct change - what was seen last; owns it. {0} has seen nothing. */
struct change {
	char *seen;
};

/* change_ask - *changed: the model is not as it was at the last change_note. *found false: there is
 * no such model. */
MUST_CHECK int change_ask(const struct change *change, struct mlflow *mlflow, const char *model,
	bool *changed, bool *found, struct fail *f);

/* change_note - the model as it was read with its versions */
void change_note(struct change *change, const struct registered_model *model);

void change_release(struct change *change);

#endif
