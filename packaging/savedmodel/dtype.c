#include "packaging/savedmodel/dtype.h"

#define REFERENCES 100 /* DT_FLOAT_REF is 101, and so on */

struct dtype_row {
	const char *name;
	const char *numpy;
	size_t size;
};

/* by number, as in tensorflow/core/framework/types.proto; a bundle stores 4-bit and 2-bit types one
 * byte to an element */
static const struct dtype_row rows[] = {
	[1] = {"float32", "float32", 4},
	[2] = {"float64", "float64", 8},
	[3] = {"int32", "int32", 4},
	[4] = {"uint8", "uint8", 1},
	[5] = {"int16", "int16", 2},
	[6] = {"int8", "int8", 1},
	[7] = {"string", NULL, 0},
	[8] = {"complex64", "complex64", 8},
	[9] = {"int64", "int64", 8},
	[10] = {"bool", "bool", 1},
	[11] = {"qint8", NULL, 1},
	[12] = {"quint8", NULL, 1},
	[13] = {"qint32", NULL, 4},
	[14] = {"bfloat16", NULL, 2},
	[15] = {"qint16", NULL, 2},
	[16] = {"quint16", NULL, 2},
	[17] = {"uint16", "uint16", 2},
	[18] = {"complex128", "complex128", 16},
	[19] = {"float16", "float16", 2},
	[20] = {"resource", NULL, 0},
	[21] = {"variant", NULL, 0},
	[22] = {"uint32", "uint32", 4},
	[23] = {"uint64", "uint64", 8},
	[24] = {"float8_e5m2", NULL, 1},
	[25] = {"float8_e4m3fn", NULL, 1},
	[26] = {"float8_e4m3fnuz", NULL, 1},
	[27] = {"float8_e4m3b11fnuz", NULL, 1},
	[28] = {"float8_e5m2fnuz", NULL, 1},
	[29] = {"int4", NULL, 1},
	[30] = {"uint4", NULL, 1},
	[31] = {"int2", NULL, 1},
	[32] = {"uint2", NULL, 1},
	[33] = {"float4_e2m1fn", NULL, 1},
};

static struct dtype_row row_of(int dtype)
{
	if (dtype < 0 || (size_t)dtype >= sizeof(rows) / sizeof(rows[0]))
		return (struct dtype_row){0};
	return rows[dtype];
}

int dtype_value(int dtype)
{
	return dtype > REFERENCES ? dtype - REFERENCES : dtype;
}

const char *dtype_name(int dtype)
{
	return row_of(dtype).name;
}

const char *dtype_numpy(int dtype)
{
	return row_of(dtype).numpy;
}

size_t dtype_size(int dtype)
{
	return row_of(dtype).size;
}
