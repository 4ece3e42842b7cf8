/* dtype - TensorFlow's DataType numbers (types.proto) and what else they are called.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_DTYPE_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

enum dtype {
	DTYPE_FLOAT = 1,
	DTYPE_DOUBLE = 2,
	DTYPE_INT32 = 3,
	DTYPE_UINT8 = 4,
	DTYPE_INT16 = 5,
	DTYPE_INT8 = 6,
	DTYPE_STRING = 7,
	DTYPE_COMPLEX64 = 8,
	DTYPE_INT64 = 9,
	DTYPE_BOOL = 10,
	DTYPE_BFLOAT16 = 14,
	DTYPE_UINT16 = 17,
	DTYPE_COMPLEX128 = 18,
	DTYPE_HALF = 19,
	DTYPE_RESOURCE = 20,
	DTYPE_VARIANT = 21,
	DTYPE_UINT32 = 22,
	DTYPE_UINT64 = 23,
};

/* dtype_value - the type of what a reference to a variable (DT_FLOAT_REF, ...) gives: graphs of
 * TensorFlow 1 have those; any other as it is */
int dtype_value(int dtype);

/* dtype_name - TensorFlow's name ("float32", "bfloat16", "string"), NULL where unknown */
const char *dtype_name(int dtype);

/* dtype_numpy - the NumPy name that an MLflow tensor spec takes ("float32"), NULL where there is
 * none (bfloat16, string, quantized, resource) */
const char *dtype_numpy(int dtype);

/* dtype_size - bytes of one element in a tensor bundle, 0 where it varies or is not known */
size_t dtype_size(int dtype);

#endif
