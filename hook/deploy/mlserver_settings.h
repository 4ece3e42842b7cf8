/* mlserver_settings - the model-settings.json of a model in MLServer's repository.
 */
#ifndef MODELHOOK_DEPLOY_MLSERVER_SETTINGS_H
#define MODELHOOK_DEPLOY_MLSERVER_SETTINGS_H

#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"

/* mlserver_settings_change - the settings with parameters.uri and parameters.version set, all else
 * as it was; text NULL: new ones, of the MLflow runtime. UNACCEPTABLE where they are no settings,
 * or another model's. */
MUST_CHECK int mlserver_settings_change(const char *text, const char *model, const char *uri,
	const char *version, struct text *changed, struct fail *f);

/* mlserver_settings_point - the file in folder at folder/number; written whole or not at all, and
 * only where something changes. Only for who holds the lock of the folder. */
MUST_CHECK int mlserver_settings_point(
	const char *folder, const char *model, const char *version, int64_t number, struct fail *f);

#endif
