/* store - the objects of a Google Cloud Storage bucket.
 */
#ifndef MODELHOOK_STORE_GS_STORE_H
#define MODELHOOK_STORE_GS_STORE_H

#include "store/store.h"

extern const struct store_kind store_gs;

#endif
