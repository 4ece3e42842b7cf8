/* saved_model.pb: any bytes are read to an end, in bounded memory, or refused with one finding. */
#include "base/fail.h"
#include "base/panic.h"
#include "packaging/savedmodel/meta_graph.h"
#include "packaging/savedmodel/meta_graph_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = {0};
	struct meta_graph graph;
	struct file_reader reader;
	struct fail f;
	bool found;
	file_reader_of_memory(&reader, data, size);
	INVARIANT(meta_graph_read(&reader, size, "pb", &graph, &found, &findings, &f) == 0);
	INVARIANT(found || findings.count > 0);
	INVARIANT(found || findings.of_weight[FINDING_DAMAGE] == 1);
	if (found)
		meta_graph_check(&graph, "pb", &findings);
	meta_graph_release(&graph);
	findings_release(&findings);
	file_reader_release(&reader);
	return 0;
}
