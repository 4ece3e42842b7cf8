/* tags - the names of tags, aliases and stages that say what a version is to be, and was.
 */
#ifndef MODELHOOK_REGISTRY_TAGS_H
#define MODELHOOK_REGISTRY_TAGS_H

#define TAG_INTENT "modelhook.intent"
#define TAG_WITHDRAWN "modelhook.withdrawn"
#define TAG_DUPLICATE "modelhook.duplicate_of"
#define TAG_DECISION "modelhook.decision"
#define TAG_DIGEST "modelhook.digest"
#define TAG_TRAINED_AT "modelhook.trained_at"
#define TAG_GATE "modelhook.gate"
#define TAG_BY "modelhook.by"
#define TAG_HISTORY "modelhook.history"
#define TAG_WEIGHTS "modelhook.weights"
#define TAG_SAMPLES "modelhook.samples"
#define TAG_OUTCOME "modelhook.outcome"
#define TAG_SERVED "modelhook.served"
#define TAG_GOLDEN "modelhook.golden"
#define TAG_VERIFIED "modelhook.verified" /* "size": not every byte was read back */

#define TAG_DELETED "modelhook.deleted." /* and a version's number: a tag of the model */

/* How a version came to be Production. */
#define HOW_TRAINING "training" /* it passed the gates and is the newest */
#define HOW_OVERRIDE "override" /* a gate rejected it, and a person passed it */
#define HOW_BY_HAND "by hand"
#define HOW_ROLLBACK "rollback"
#define HOW_REPAIR "repair"
#define HOW_OUTSIDE "outside" /* not by modelhook */

#define ALIAS_PRODUCTION "production"
#define ALIAS_PREVIOUS "previous"

#define STAGE_PRODUCTION "Production"
#define STAGE_STAGING "Staging"
#define STAGE_ARCHIVED "Archived"
#define TO_DELETED "Deleted" /* in a history: beside the stages */

#endif
