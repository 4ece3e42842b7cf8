#include "unit.h"

#include <math.h>

#include "gate/gate.h"
#include "gate/rules.h"

/* A literal where a struct would own its string: nothing here writes to it. */
#define OWNED(literal) ((char *)(literal))

static struct metric training_metrics[] = {
	{OWNED("accuracy"), 0.90},
	{OWNED("loss"), 0.25},
	{OWNED("nan"), NAN},
	{OWNED("inf"), INFINITY},
	{OWNED("minus_inf"), -INFINITY},
	{OWNED("stored_inf"), 1.7976931348623157e308},
	{OWNED("large"), 1e300},
	{OWNED("model_size_bytes"), 200000000},
	{OWNED("one"), 1.0},
	{OWNED("percent"), 90.0},
	{OWNED("train_accuracy"), 0.90},
	{OWNED("val_accuracy"), 0.80},
};

static struct gate_side training_side(void)
{
	return (struct gate_side){
		.metrics = training_metrics, .metric_count = COUNT(training_metrics)};
}

/* Whether the rule passes; its verdict and numbers are added to verdicts. */
static bool decide(const struct gate *gate, const struct gate_input *input, const char *override,
	struct gate_verdicts *verdicts)
{
	return gate_decide(gate, 1, input, override, verdicts);
}

struct limit_row {
	const char *name;
	char *metric, *minus;
	const char *least, *most; /* numbers as a person writes them, or NULL */
	bool passes;
	const char *detail; /* NULL: not looked at, since no standard tells the sign of a NaN */
};

static void check_limits(const struct limit_row *rows, size_t count)
{
	struct gate_input input = {.training = training_side()};
	for (size_t i = 0; i < count; i++) {
		const struct limit_row *row = &rows[i];
		struct gate_verdicts verdicts = {0};
		struct gate gate = {
			.rule = row->minus != NULL ? &gate_rule_pair : &gate_rule_threshold,
			.name = OWNED("a gate"),
			.metric = row->metric,
			.minus = row->minus,
			.has_least = row->least != NULL,
			.has_most = row->most != NULL,
			.at_least = row->least != NULL ? strtod(row->least, NULL) : 0,
			.at_most = row->most != NULL ? strtod(row->most, NULL) : 0,
		};
		assert_row(decide(&gate, &input, NULL, &verdicts) == row->passes, row->name);
		assert_int_equal(verdicts.count, 1);
		assert_string_equal(verdicts.items[0].name, "a gate");
		assert_string_equal(verdicts.items[0].verdict, row->passes ? "passed" : "rejected");
		if (row->detail != NULL)
			assert_string_equal(verdicts.items[0].detail, row->detail);
		gate_verdicts_release(&verdicts);
	}
}

static void a_threshold_includes_its_limit_and_nothing_beyond(void **state)
{
	static const struct limit_row rows[] = {
		{"above", OWNED("accuracy"), NULL, "0.8", NULL, true, "accuracy 0.9, at least 0.8"},
		{"at the limit", OWNED("accuracy"), NULL, "0.90", NULL, true,
			"accuracy 0.9, at least 0.9"},
		{"just below", OWNED("accuracy"), NULL, "0.9000001", NULL, false,
			"accuracy 0.9, at least 0.9000001"},
		{"at most, at the limit", OWNED("model_size_bytes"), NULL, NULL, "200000000", true,
			"model_size_bytes 200000000, at most 200000000"},
		{"one byte too many", OWNED("model_size_bytes"), NULL, NULL, "199999999", false,
			"model_size_bytes 200000000, at most 199999999"},
		{"between", OWNED("loss"), NULL, "0.2", "0.3", true,
			"loss 0.25, at least 0.2, at most 0.3"},
		{"below both", OWNED("loss"), NULL, "0.3", "0.4", false,
			"loss 0.25, at least 0.3, at most 0.4"},
		{"above both", OWNED("loss"), NULL, "0.1", "0.2", false,
			"loss 0.25, at least 0.1, at most 0.2"},
		{"negative limit", OWNED("loss"), NULL, "-1", NULL, true, "loss 0.25, at least -1"},
	};
	(void)state;
	check_limits(rows, COUNT(rows));
}

static void no_limit_lets_nan_pass(void **state)
{
	static const struct limit_row rows[] = {
		{"at least", OWNED("nan"), NULL, "0", NULL, false, "nan nan, at least 0"},
		{"at most", OWNED("nan"), NULL, NULL, "1", false, "nan nan, at most 1"},
		{"both", OWNED("nan"), NULL, "0", "1", false, "nan nan, at least 0, at most 1"},
		{"in a pair", OWNED("accuracy"), OWNED("nan"), NULL, "1", false, NULL},
		{"infinite", OWNED("inf"), NULL, NULL, "1", false, "inf inf, at most 1"},
		{"minus infinite", OWNED("minus_inf"), NULL, "0", NULL, false,
			"minus_inf -inf, at least 0"},
		{"the difference of two infinities", OWNED("inf"), OWNED("inf"), NULL, "1", false,
			NULL},
		{"infinite on the right side", OWNED("inf"), NULL, "0", NULL, false,
			"inf inf, at least 0; inf is not a finite number"},
		{"minus infinite on the right side", OWNED("minus_inf"), NULL, NULL, "1", false,
			"minus_inf -inf, at most 1; minus_inf is not a finite number"},
		{"an infinity as MLflow stores it", OWNED("stored_inf"), NULL, "0", NULL, false,
			"stored_inf 1.797693135e+308, at least 0; stored_inf is not a finite "
			"number"},
		{"the difference of two of those", OWNED("stored_inf"), OWNED("stored_inf"), NULL,
			"1", false, NULL},
		{"less than infinite", OWNED("accuracy"), OWNED("stored_inf"), NULL, "1", false,
			NULL},
		{"a large number", OWNED("large"), NULL, "0", NULL, true,
			"large 1e+300, at least 0"},
	};
	(void)state;
	check_limits(rows, COUNT(rows));
}

static void a_difference_is_judged_as_it_is_written_and_not_as_floats_have_it(void **state)
{
	static const struct {
		double first, second;
		const char *most;
		bool passes;
	} rows[] = {
		{0.90, 0.80, "0.10", true},
		{0.80, 0.70, "0.10", true}, /* 0.10000000000000009 in floats */
		{0.90, 0.70, "0.20", true}, /* 0.20000000000000007 */
		{0.93, 0.83, "0.10", true},
		{0.91, 0.80, "0.11", true},
		{0.95, 0.85, "0.1", true},
		{0.30, 0.20, "0.1", true},
		{1.00, 0.90, "0.1", true},
		{0.9000001, 0.80, "0.10", false},
		{0.90, 0.80, "0.0999999", false},
		{0.80, 0.90, "0", true},
		{1e9 + 0.1, 1e9, "0.1", false}, /* that far the digits are lost */
		{0, 0, "0", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct metric metrics[] = {
			{OWNED("a"), rows[i].first}, {OWNED("b"), rows[i].second}};
		struct gate_input input = {.training = {.metrics = metrics, .metric_count = 2}};
		struct gate gate = {.rule = &gate_rule_pair,
			.name = OWNED("pair"),
			.metric = OWNED("a"),
			.minus = OWNED("b"),
			.has_most = true,
			.at_most = strtod(rows[i].most, NULL)};
		struct gate_verdicts verdicts = {0};
		char name[16];
		snprintf(name, sizeof(name), "row %zu", i);
		assert_row(decide(&gate, &input, NULL, &verdicts) == rows[i].passes, name);
		gate_verdicts_release(&verdicts);
	}
}

struct champion_row {
	const char *name;
	double ours, theirs; /* NAN: the run says NaN */
	double tag;	     /* of the champion's version; NAN: none */
	double margin, confidence;
	int64_t our_samples, their_samples;
	int64_t version;
	bool has_run, passes;
	const char *detail;
};

static void check_champion(const struct champion_row *row)
{
	struct metric ours = {OWNED("m"), row->ours}, theirs = {OWNED("m"), row->theirs},
		      tag = {OWNED("m"), row->tag};
	struct count our_samples = {OWNED("validation"), row->our_samples},
		     their_samples = {OWNED("validation"), row->their_samples};
	struct gate_input input = {
		.training = {.metrics = &ours,
			.metric_count = 1,
			.samples = &our_samples,
			.sample_count = 1},
		.champion = {.metrics = &theirs,
			.metric_count = row->has_run,
			.more = &tag,
			.more_count = !isnan(row->tag),
			.samples = &their_samples,
			.sample_count = row->their_samples > 0},
		.champion_version = row->version,
	};
	struct gate gate = {.rule = &gate_rule_champion,
		.name = OWNED("champion"),
		.metric = OWNED("m"),
		.margin = row->margin,
		.confidence = row->confidence,
		.samples = OWNED("validation")};
	struct gate_verdicts verdicts = {0};
	assert_row(decide(&gate, &input, NULL, &verdicts) == row->passes, row->name);
	assert_string_equal(verdicts.items[0].detail, row->detail);
	gate_verdicts_release(&verdicts);
}

static const struct champion_row champion_rows[] = {
	{"better", .ours = 0.91, .theirs = 0.90, .tag = NAN, .version = 3, .has_run = true,
		.passes = true, .detail = "m 0.91, champion version 3 0.9, margin 0"},
	{"the same", .ours = 0.90, .theirs = 0.90, .tag = NAN, .version = 3, .has_run = true,
		.passes = true, .detail = "m 0.9, champion version 3 0.9, margin 0"},
	{"worse", .ours = 0.8999999, .theirs = 0.90, .tag = NAN, .version = 3, .has_run = true,
		.passes = false, .detail = "m 0.8999999, champion version 3 0.9, margin 0"},
	{"worse by the margin", .ours = 0.89, .theirs = 0.90, .tag = NAN, .margin = 0.01,
		.version = 3, .has_run = true, .passes = true,
		.detail = "m 0.89, champion version 3 0.9, margin 0.01"},
	{"worse by a margin that floats make smaller", .ours = 0.47, .theirs = 0.52, .tag = NAN,
		.margin = 0.05, .version = 3, .has_run = true, .passes = true,
		.detail = "m 0.47, champion version 3 0.52, margin 0.05"},
	{"worse by more than the margin", .ours = 0.8899999, .theirs = 0.90, .tag = NAN,
		.margin = 0.01, .version = 3, .has_run = true, .passes = false,
		.detail = "m 0.8899999, champion version 3 0.9, margin 0.01"},
	{"a negative margin asks for more", .ours = 0.905, .theirs = 0.90, .tag = NAN,
		.margin = -0.01, .version = 3, .has_run = true, .passes = false,
		.detail = "m 0.905, champion version 3 0.9, margin -0.01"},
	{"no champion", .ours = 0.1, .theirs = 0.90, .tag = NAN, .has_run = true, .passes = true,
		.detail = "m 0.1, no champion to compare with"},
	{"the run before the tag", .ours = 0.85, .theirs = 0.90, .tag = 0.80, .version = 3,
		.has_run = true, .passes = false,
		.detail = "m 0.85, champion version 3 0.9, margin 0"},
	{"the tag where there is no run", .ours = 0.85, .tag = 0.86, .version = 3, .passes = false,
		.detail = "m 0.85, champion version 3 0.86, margin 0"},
	{"the tag where the run says NaN", .ours = 0.85, .theirs = NAN, .tag = 0.86, .version = 3,
		.has_run = true, .passes = false,
		.detail = "m 0.85, champion version 3 0.86, margin 0"},
	{"infinity is no number to compare with", .ours = 0.85, .theirs = INFINITY, .tag = NAN,
		.version = 3, .has_run = true, .passes = true,
		.detail = "m 0.85, champion version 3 has no such number: nothing to "
			  "compare with"},
	{"nor is one as MLflow stores it", .ours = 0.85, .theirs = 1.7976931348623157e308,
		.tag = 0.86, .version = 3, .has_run = true, .passes = false,
		.detail = "m 0.85, champion version 3 0.86, margin 0"},
	{"our infinity beats nobody", .ours = INFINITY, .theirs = 0.9, .tag = NAN, .version = 3,
		.has_run = true, .passes = false,
		.detail = "m inf, champion version 3 0.9, margin 0; m is not a finite "
			  "number"},
	{"nor does it pass where there is no champion", .ours = INFINITY, .tag = NAN,
		.passes = false,
		.detail = "m inf, no champion to compare with; m is not a finite number"},
	{"no number anywhere", .ours = 0.85, .tag = NAN, .version = 3, .passes = true,
		.detail = "m 0.85, champion version 3 has no such number: nothing to "
			  "compare with"},
};

static void the_champion_is_compared_with_as_far_as_its_numbers_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(champion_rows); i++)
		check_champion(&champion_rows[i]);
}

static void a_training_without_a_number_never_beats_a_champion(void **state)
{
	struct metric ours = {OWNED("m"), NAN}, theirs = {OWNED("m"), 0.1};
	struct gate_input input = {.training = {.metrics = &ours, .metric_count = 1},
		.champion = {.metrics = &theirs, .metric_count = 1},
		.champion_version = 1};
	struct gate gate = {
		.rule = &gate_rule_champion, .name = OWNED("c"), .metric = OWNED("m"), .margin = 1};
	struct gate_verdicts verdicts = {0};
	(void)state;
	assert_false(decide(&gate, &input, NULL, &verdicts));
	gate_verdicts_release(&verdicts);
}

/* z = (ours - theirs + margin) / sqrt(ours (1 - ours) / n + theirs (1 - theirs) / m), and the
 * quantiles of the normal distribution; both computed independently (Python's statistics). */
#define SAMPLES(n, m)                                                                              \
	.tag = NAN, .our_samples = n, .their_samples = m, .version = 3, .has_run = true
static const struct champion_row confidence_rows[] = {
	{"noise", .ours = 0.90, .theirs = 0.88, .confidence = 0.95, SAMPLES(1000, 1000),
		.passes = false,
		.detail = "m 0.9, champion version 3 0.88, margin 0; z 1.430, needed "
			  "1.645 (1000 and 1000 samples)"},
	{"the same with less confidence", .ours = 0.90, .theirs = 0.88, .confidence = 0.9,
		SAMPLES(1000, 1000), .passes = true,
		.detail = "m 0.9, champion version 3 0.88, margin 0; z 1.430, needed "
			  "1.282 (1000 and 1000 samples)"},
	{"the same with more samples", .ours = 0.90, .theirs = 0.88, .confidence = 0.95,
		SAMPLES(1500, 1500), .passes = true,
		.detail = "m 0.9, champion version 3 0.88, margin 0; z 1.751, needed "
			  "1.645 (1500 and 1500 samples)"},
	{"just enough samples", .ours = 0.90, .theirs = 0.88, .confidence = 0.95,
		SAMPLES(1330, 1330), .passes = true,
		.detail = "m 0.9, champion version 3 0.88, margin 0; z 1.649, needed "
			  "1.645 (1330 and 1330 samples)"},
	{"just too few samples", .ours = 0.90, .theirs = 0.88, .confidence = 0.95,
		SAMPLES(1264, 1264), .passes = false,
		.detail = "m 0.9, champion version 3 0.88, margin 0; z 1.608, needed "
			  "1.645 (1264 and 1264 samples)"},
	{"different counts", .ours = 0.95, .theirs = 0.85, .confidence = 0.999, SAMPLES(200, 400),
		.passes = true,
		.detail = "m 0.95, champion version 3 0.85, margin 0; z 4.240, needed "
			  "3.090 (200 and 400 samples)"},
	{"few samples", .ours = 0.8, .theirs = 0.7, .confidence = 0.9, SAMPLES(50, 50),
		.passes = false,
		.detail = "m 0.8, champion version 3 0.7, margin 0; z 1.162, needed "
			  "1.282 (50 and 50 samples)"},
	{"not worse by the margin", .ours = 0.90, .theirs = 0.90, .margin = 0.03,
		.confidence = 0.95, SAMPLES(1000, 1000), .passes = true,
		.detail = "m 0.9, champion version 3 0.9, margin 0.03; z 2.236, needed "
			  "1.645 (1000 and 1000 samples)"},
	{"may be worse by the margin", .ours = 0.90, .theirs = 0.90, .margin = 0.02,
		.confidence = 0.95, SAMPLES(1000, 1000), .passes = false,
		.detail = "m 0.9, champion version 3 0.9, margin 0.02; z 1.491, needed "
			  "1.645 (1000 and 1000 samples)"},
	{"both perfect", .ours = 1, .theirs = 1, .confidence = 0.95, SAMPLES(10, 10),
		.passes = false,
		.detail = "m 1, champion version 3 1, margin 0; z -inf, needed 1.645 (10 "
			  "and 10 samples)"},
	{"perfect against useless", .ours = 1, .theirs = 0, .confidence = 0.95, SAMPLES(10, 10),
		.passes = true,
		.detail = "m 1, champion version 3 0, margin 0; z inf, needed 1.645 (10 "
			  "and 10 samples)"},
	{"percents are no proportions", .ours = 95, .theirs = 85, .confidence = 0.95,
		SAMPLES(200, 400), .passes = false,
		.detail = "m 95, champion version 3 85, margin 0; confidence needs "
			  "proportions between 0 and 1"},
	{"without the champion's count", .ours = 0.88, .theirs = 0.88, .confidence = 0.95,
		SAMPLES(1000, 0), .passes = true,
		.detail = "m 0.88, champion version 3 0.88, margin 0; the champion has no "
			  "count of validation: compared without confidence"},
	{"worse, without the champion's count", .ours = 0.87, .theirs = 0.88, .confidence = 0.95,
		SAMPLES(1000, 0), .passes = false,
		.detail = "m 0.87, champion version 3 0.88, margin 0; the champion has no "
			  "count of validation: compared without confidence"},
};
#undef SAMPLES

static void confidence_asks_for_more_than_noise(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(confidence_rows); i++)
		check_champion(&confidence_rows[i]);
}

static void the_same_weights_again_are_rejected(void **state)
{
	static const struct {
		const char *ours, *theirs;
		int64_t version;
		bool passes;
		const char *detail;
	} rows[] = {
		{"0123456789abcdef", "fedcba9876543210", 2, true,
			"weights 0123456789ab, champion version 2 fedcba987654"},
		{"0123456789abcdef", "0123456789abcdef", 2, false,
			"weights 0123456789ab, champion version 2 0123456789ab"},
		{"0123456789abcdef", NULL, 2, true, "no champion's weights to compare with"},
		{"0123456789abcdef", "0123456789abcdef", 0, true,
			"no champion's weights to compare with"},
		{NULL, "fedcba9876543210", 2, true,
			"the weights of a model that the script logged are not known"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gate gate = {.rule = &gate_rule_changed, .name = OWNED("weights")};
		struct gate_input input = {.training = {.weights = rows[i].ours},
			.champion = {.weights = rows[i].theirs},
			.champion_version = rows[i].version};
		struct gate_verdicts verdicts = {0};
		assert_row(
			decide(&gate, &input, NULL, &verdicts) == rows[i].passes, rows[i].detail);
		assert_string_equal(verdicts.items[0].detail, rows[i].detail);
		gate_verdicts_release(&verdicts);
	}
}

static void a_training_is_fresh_up_to_its_last_millisecond(void **state)
{
	static const int64_t now = 1795377797000, hour = 3600000;
	static const struct {
		int64_t age;
		bool passes;
		const char *detail;
	} rows[] = {
		{0, true, "trained 0.00 h ago, at most 36.00 h"},
		{36 * 3600000, true, "trained 36.00 h ago, at most 36.00 h"},
		{36 * 3600000 + 1, false, "trained 36.00 h ago, at most 36.00 h"},
		{-3600000, true, "trained -1.00 h ago, at most 36.00 h"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gate gate = {.rule = &gate_rule_freshness,
			.name = OWNED("fresh"),
			.max_age_ms = 36 * hour};
		struct gate_input input = {.now_ms = now, .trained_at_ms = now - rows[i].age};
		struct gate_verdicts verdicts = {0};
		assert_row(
			decide(&gate, &input, NULL, &verdicts) == rows[i].passes, rows[i].detail);
		assert_string_equal(verdicts.items[0].detail, rows[i].detail);
		gate_verdicts_release(&verdicts);
	}
}

static struct gate three_gates[] = {
	{.rule = &gate_rule_threshold,
		.name = OWNED("first"),
		.metric = OWNED("accuracy"),
		.has_least = true,
		.at_least = 0.95},
	{.rule = &gate_rule_threshold,
		.name = OWNED("second"),
		.metric = OWNED("loss"),
		.has_most = true,
		.at_most = 0.1},
	{.rule = &gate_rule_threshold,
		.name = OWNED("third"),
		.metric = OWNED("loss"),
		.has_most = true,
		.at_most = 0.5},
};

static void every_gate_is_tried_so_that_a_rejection_names_all_reasons(void **state)
{
	static const char *const verdicts[] = {"rejected", "rejected", "passed"};
	struct gate_input input = {.training = training_side()};
	struct gate_verdicts found = {0};
	(void)state;
	assert_false(gate_decide(three_gates, 3, &input, NULL, &found));
	assert_int_equal(found.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(found.items[i].verdict, verdicts[i]);
	gate_verdicts_release(&found);
}

static void an_override_passes_what_was_rejected_and_says_so(void **state)
{
	static const char *const verdicts[] = {"overridden", "overridden", "passed"};
	struct gate_input input = {.training = training_side()};
	struct gate_verdicts found = {0};
	(void)state;
	assert_true(gate_decide(three_gates, 3, &input, "the metric is broken", &found));
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(found.items[i].verdict, verdicts[i]);
	gate_verdicts_release(&found);
}

static void without_gates_everything_passes(void **state)
{
	struct gate_input input = {0};
	struct gate_verdicts verdicts = {0};
	(void)state;
	assert_true(gate_decide(NULL, 0, &input, NULL, &verdicts));
	assert_int_equal(verdicts.count, 0);
	gate_verdicts_release(&verdicts);
}

static void what_a_gate_needs_is_asked_for_before_anything_is_sent(void **state)
{
	struct count samples[] = {{OWNED("train"), 10}, {OWNED("validation"), 0}};
	struct gate_side side = training_side();
	struct gate pair = {.rule = &gate_rule_pair,
		.name = OWNED("gap"),
		.metric = OWNED("accuracy"),
		.minus = OWNED("test_accuracy")};
	struct gate sure = {.rule = &gate_rule_champion,
		.name = OWNED("sure"),
		.metric = OWNED("accuracy"),
		.confidence = 0.95,
		.samples = OWNED("validation")};
	struct fail f;
	(void)state;
	side.samples = samples;
	side.sample_count = 2;
	assert_int_equal(gate_check_inputs(three_gates, 3, &side, &f), 0);
	assert_failure(gate_check_inputs(&pair, 1, &side, &f), f, STATUS_UNACCEPTABLE,
		"gate gap needs test_accuracy, which neither the handoff nor the run has");
	pair.metric = OWNED("f1");
	assert_failure(gate_check_inputs(&pair, 1, &side, &f), f, STATUS_UNACCEPTABLE, "needs f1");
	assert_failure(gate_check_inputs(&sure, 1, &side, &f), f, STATUS_UNACCEPTABLE,
		"gate sure needs a count of validation");
	assert_true(f.hint[0] != '\0');
	samples[1].value = 1;
	assert_int_equal(gate_check_inputs(&sure, 1, &side, &f), 0);
}

static void a_metric_is_looked_for_in_the_first_list_and_then_in_the_second(void **state)
{
	struct metric first[] = {{OWNED("a"), 1}}, second[] = {{OWNED("a"), 2}, {OWNED("b"), 3}};
	struct gate_side side = {
		.metrics = first, .metric_count = 1, .more = second, .more_count = 2};
	(void)state;
	assert_ptr_equal(gate_metric(&side, "a"), &first[0].value);
	assert_ptr_equal(gate_metric(&side, "b"), &second[1].value);
	assert_null(gate_metric(&side, "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_threshold_includes_its_limit_and_nothing_beyond),
		cmocka_unit_test(no_limit_lets_nan_pass),
		cmocka_unit_test(a_difference_is_judged_as_it_is_written_and_not_as_floats_have_it),
		cmocka_unit_test(the_champion_is_compared_with_as_far_as_its_numbers_are_known),
		cmocka_unit_test(a_training_without_a_number_never_beats_a_champion),
		cmocka_unit_test(confidence_asks_for_more_than_noise),
		cmocka_unit_test(the_same_weights_again_are_rejected),
		cmocka_unit_test(a_training_is_fresh_up_to_its_last_millisecond),
		cmocka_unit_test(every_gate_is_tried_so_that_a_rejection_names_all_reasons),
		cmocka_unit_test(an_override_passes_what_was_rejected_and_says_so),
		cmocka_unit_test(without_gates_everything_passes),
		cmocka_unit_test(what_a_gate_needs_is_asked_for_before_anything_is_sent),
		cmocka_unit_test(a_metric_is_looked_for_in_the_first_list_and_then_in_the_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
