/* slice_key - the keys under which a tensor bundle keeps the slices of a tensor.
 *
 * tensorflow/core/util/saved_tensor_slice_util.h: a 0, the name, the number of dimensions, and for
 * each its start and length (-1 and start 0: all of it), in OrderedCode, whose bytes sort as what
 * they say.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SLICE_KEY_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SLICE_KEY_H

#include "base/text.h"

/* slice_key_begin - add the part of the key before the extents */
void slice_key_begin(struct text *key, const void *name, size_t size, size_t dimensions);

/* slice_key_add - add one dimension; length -1: all of it */
void slice_key_add(struct text *key, int64_t start, int64_t length);

/* slice_key_name - add the tensor's name that a slice's key holds */
void slice_key_name(struct text *name, const void *key, size_t size);

#endif
