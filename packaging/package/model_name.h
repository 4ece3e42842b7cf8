/* model_name - which names a registered model can have so that consumers can load it.
 *
 * A consumer addresses a model as models:/NAME/STAGE, models:/NAME/NUMBER or models:/NAME@ALIAS,
 * and MLflow's clients parse that as a URL: a name with "?", "@" or "#" is registered and never
 * found again. A blank at an end is one that databases with padded comparisons ignore. The search
 * for a model's versions quotes its name with ' or " and knows no escape.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MODEL_NAME_H
#define MODELHOOK_PACKAGING_PACKAGE_MODEL_NAME_H

#define MODEL_NAME_MAX 256 /* characters: MLflow's column */

/* model_name_problem - what is wrong with the name, as the end of a sentence ("has a \"?\""); NULL:
 * nothing. handoff.schema.json and dataproc/modelhook/handoff.py refuse the same names. */
const char *model_name_problem(const char *name);

#endif
