#include "packaging/golden/golden.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "packaging/digest/crc32c.h"
#include "packaging/golden/tensor_proto.h"
#include "packaging/savedmodel/protobuf.h"

enum {
	LENGTH = 8,
	CHECKSUM = 4,
};

/* A message in memory; its fields go to the handler. */
struct prediction {
	struct golden_request *request;
	struct fail *f; /* filled where a tensor says more than "broken" */
	struct golden_tensors *into;
	bool failed;
};

static void tensors_release(struct golden_tensors *tensors)
{
	for (size_t i = 0; i < tensors->count; i++)
		golden_tensor_release(&tensors->items[i]);
	free(tensors->items);
}

void golden_request_release(struct golden_request *request)
{
	tensors_release(&request->inputs);
	tensors_release(&request->outputs);
	*request = (struct golden_request){0};
}

void golden_release(struct golden *golden)
{
	text_release(&golden->bytes);
	free(golden->records);
	*golden = (struct golden){0};
}

/* An entry of map<string, TensorProto>. */
static bool on_entry(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct prediction *prediction = context;
	struct golden_tensors *into = prediction->into;
	struct golden_tensor *tensor = &into->items[into->count - 1];
	struct text name = {0};
	if (field->number == 1) {
		bool read = protobuf_text(stream, field, 1024, &name);
		free(tensor->name);
		tensor->name = text_take(&name);
		return read;
	}
	return field->number == 2 ? protobuf_message(stream, field, tensor_proto_field, tensor)
				  : protobuf_skip(stream, field);
}

static bool add_entry(
	pb_istream_t *stream, const struct protobuf_field *field, struct prediction *prediction)
{
	struct golden_tensors *into = prediction->into;
	into->items = memory_grow(into->items, into->count + 1, sizeof(*into->items));
	into->items[into->count++] = (struct golden_tensor){0};
	if (!protobuf_message(stream, field, on_entry, prediction))
		return false;
	struct golden_tensor *tensor = &into->items[into->count - 1];
	if (tensor->name == NULL)
		tensor->name = text_copy("");
	prediction->failed = tensor_proto_finish(tensor, prediction->f) != 0;
	return !prediction->failed;
}

/* PredictRequest has its inputs under 2, PredictResponse its outputs under 1. */
static bool on_request(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct prediction *prediction = context;
	prediction->into = &prediction->request->inputs;
	return field->number == 2 ? add_entry(stream, field, prediction)
				  : protobuf_skip(stream, field);
}

static bool on_response(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct prediction *prediction = context;
	prediction->into = &prediction->request->outputs;
	return field->number == 1 ? add_entry(stream, field, prediction)
				  : protobuf_skip(stream, field);
}

static bool on_predict_log(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number == 1)
		return protobuf_message(stream, field, on_request, context);
	if (field->number == 2)
		return protobuf_message(stream, field, on_response, context);
	return protobuf_skip(stream, field);
}

static bool on_prediction_log(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	return field->number == 6 ? protobuf_message(stream, field, on_predict_log, context)
				  : protobuf_skip(stream, field);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct golden_tensor *)a)->name, ((const struct golden_tensor *)b)->name);
}

static void sort(struct golden_tensors *tensors)
{
	if (tensors->count > 1)
		qsort(tensors->items, tensors->count, sizeof(*tensors->items), by_name);
}

static int read_prediction(
	const uint8_t *bytes, size_t size, struct golden_request *request, struct fail *f)
{
	struct prediction prediction = {.request = request, .f = f};
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);
	if (!protobuf_each(&stream, on_prediction_log, &prediction))
		return prediction.failed
			       ? -1
			       : fail_set(f, STATUS_UNACCEPTABLE, "is no PredictionLog: %s",
					 PB_GET_ERROR(&stream));
	if (request->inputs.count == 0)
		return fail_set(f, STATUS_UNACCEPTABLE, "has no predict_log with inputs");
	sort(&request->inputs);
	sort(&request->outputs);
	return 0;
}

static uint64_t read_little(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;
	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

static bool is_checked(const uint8_t *bytes, size_t size)
{
	return crc32c_mask(crc32c_add(0, bytes, size)) == read_little(bytes + size, CHECKSUM);
}

/* The record of a TFRecord file at that place: its length and the length's checksum, its bytes and
 * theirs. */
static int find_record(
	const struct text *bytes, size_t at, struct golden_record *record, struct fail *f)
{
	const uint8_t *start = (const uint8_t *)bytes->data + at;
	size_t left = bytes->size - at, rest = LENGTH + 2 * CHECKSUM;
	if (left < rest || !is_checked(start, LENGTH) || read_little(start, LENGTH) > left - rest)
		return fail_set(f, STATUS_UNACCEPTABLE, "is no whole record of a TFRecord file");
	*record = (struct golden_record){
		.at = at + LENGTH + CHECKSUM, .size = (size_t)read_little(start, LENGTH)};
	if (!is_checked(start + LENGTH + CHECKSUM, record->size))
		return fail_set(f, STATUS_UNACCEPTABLE, "checksum mismatch");
	return 0;
}

int golden_open(struct text *bytes, struct golden *golden, struct fail *f)
{
	*golden = (struct golden){.bytes = *bytes};
	*bytes = (struct text){0};
	for (size_t at = 0; at < golden->bytes.size;) {
		size_t number = golden->count + 1;
		if (stop_or_late(f) != 0)
			return -1;
		if (number > GOLDEN_REQUESTS_MAX)
			return fail_set(f, STATUS_UNACCEPTABLE, "more than %d golden requests",
				GOLDEN_REQUESTS_MAX);
		golden->records = memory_grow(golden->records, number, sizeof(*golden->records));
		struct golden_record *record = &golden->records[golden->count++];
		if (find_record(&golden->bytes, at, record, f) != 0)
			return fail_wrap(f, "golden request %zu", number);
		at = record->at + record->size + CHECKSUM;
	}
	return golden->count > 0 ? 0 : fail_set(f, STATUS_UNACCEPTABLE, "holds no golden request");
}

int golden_request(
	const struct golden *golden, size_t index, struct golden_request *request, struct fail *f)
{
	const struct golden_record *record = &golden->records[index];
	*request = (struct golden_request){0};
	if (read_prediction((const uint8_t *)golden->bytes.data + record->at, record->size, request,
		    f) == 0)
		return 0;
	return fail_wrap(f, "golden request %zu", index + 1);
}
