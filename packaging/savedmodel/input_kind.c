#include "packaging/savedmodel/input_kind.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/input.h"
#include "base/text.h"
#include "packaging/savedmodel/model_files.h"

#define HEAD 512	  /* bytes at the beginning of a file that are looked at */
#define ENTRIES_MAX 10000 /* of a directory that is looked through */
#define EXPORT_HINT                                                                                \
	"load the model in Python, call model.export(DIRECTORY), and give that directory"
#define UNPACK_HINT "unpack the archive, and give the directory that holds " GRAPH

struct scheme {
	const char *name;
	const char *hint;
};

static const struct scheme schemes[] = {
	{"s3", "copy it to a local directory first: aws s3 cp --recursive"},
	{"s3a", "copy it to a local directory first: aws s3 cp --recursive"},
	{"s3n", "copy it to a local directory first: aws s3 cp --recursive"},
	{"gs", "copy it to a local directory first: gcloud storage cp --recursive"},
	{"hdfs", "copy it to a local directory first: hdfs dfs -get"},
	{"webhdfs", "copy it to a local directory first: hdfs dfs -get"},
	{"swebhdfs", "copy it to a local directory first: hdfs dfs -get"},
	{"wasb", "copy it to a local directory first: azcopy copy --recursive"},
	{"wasbs", "copy it to a local directory first: azcopy copy --recursive"},
	{"abfs", "copy it to a local directory first: azcopy copy --recursive"},
	{"abfss", "copy it to a local directory first: azcopy copy --recursive"},
	{"dbfs", "give its path below /dbfs/"},
	{"file", "give the path without the scheme"},
	{"models", "download the model first (mlflow artifacts download), or name what the run "
		   "logged in the handoff's logged_model"},
	{"runs", "name what the run logged in the handoff's logged_model, or download the model "
		 "first (mlflow artifacts download)"},
	{"mlflow-artifacts", "name what the run logged in the handoff's logged_model, or download "
			     "the model first (mlflow artifacts download)"},
};

/* A kind of file: the ends of its name, and the bytes that it begins with; either is enough. */
struct file_kind {
	const char *ends[3];
	size_t offset;
	const char *magic; /* NULL: the name alone */
	size_t magic_size;
	const char *what;
	const char *hint;
};

static const struct file_kind pointers[] = {
	{{0}, 0, "version https://git-lfs.github.com/spec/", 40, "a Git LFS pointer",
		"git lfs pull fetches the file itself"},
	{{0}, 0, "version https://hawser.github.com/spec/", 39, "a Git LFS pointer",
		"git lfs pull fetches the file itself"},
	{{0}, 0, "/annex/objects/", 15, "a git-annex pointer",
		"git annex get fetches the file itself"},
};

static const struct file_kind files[] = {
	{{".keras"}, 0, NULL, 0, "a Keras file", EXPORT_HINT},
	{{".h5", ".hdf5"}, 0, "\x89HDF\r\n\x1a\n", 8, "a Keras HDF5 file", EXPORT_HINT},
	{{".tflite"}, 4, "TFL3", 4, "a TensorFlow Lite model",
		"give the SavedModel that it was converted from"},
	{{".onnx"}, 0, NULL, 0, "an ONNX model", "give the SavedModel that it was converted from"},
	{{".pt", ".pth"}, 0, NULL, 0, "a PyTorch model", "only TensorFlow SavedModels are packed"},
	{{GRAPH, "saved_model.pbtxt"}, 0, NULL, 0, "the graph of a SavedModel, not the whole of it",
		"give the directory that holds it"},
	{{".pb"}, 0, NULL, 0, "a frozen graph", EXPORT_HINT},
	{{".ckpt", ".index"}, 0, NULL, 0, "a TensorFlow checkpoint", EXPORT_HINT},
	{{".tar.gz", ".tgz"}, 0, "\x1f\x8b", 2, "an archive",
		"give the directory that was packed; a package of modelhook goes to modelhook "
		"replay"},
	{{".zip"}, 0, "PK\x03\x04", 4, "a ZIP archive", UNPACK_HINT},
	{{".tar"}, 257, "ustar", 5, "an archive", UNPACK_HINT},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static size_t scheme_size(const char *path)
{
	size_t size = 0;
	while (isalnum((unsigned char)path[size]) ||
		(size > 0 && strchr("+-.", path[size]) && path[size] != '\0'))
		size++;
	return isalpha((unsigned char)path[0]) && path[size] == ':' && path[size + 1] == '/' ? size
											     : 0;
}

static const struct scheme *find_scheme(const char *path)
{
	size_t size = scheme_size(path);
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (strlen(schemes[i].name) == size &&
			strncasecmp(schemes[i].name, path, size) == 0)
			return &schemes[i];
	return NULL;
}

bool input_is_url(const char *path)
{
	size_t size = scheme_size(path);
	return size > 0 && (path[size + 2] == '/' || find_scheme(path) != NULL);
}

char *input_show(const char *path)
{
	if (!input_is_url(path))
		return text_copy(path);
	size_t size = strcspn(path, "?#");
	size_t start = scheme_size(path) + 1 + strspn(path + scheme_size(path) + 1, "/");
	size_t host = start + strcspn(path + start, "/?#");
	for (size_t at = host; at > start; at--)
		if (path[at - 1] == '@')
			return text_format(
				"%.*s%.*s", (int)start, path, (int)(size - at), path + at);
	return text_format("%.*s", (int)size, path);
}

static int check_url(const char *path, struct fail *f)
{
	const struct scheme *scheme = find_scheme(path);
	fail_set(f, STATUS_UNACCEPTABLE, "a URL, not a local directory");
	return fail_hint(
		f, "%s", scheme != NULL ? scheme->hint : "copy it to a local directory first");
}

static bool has_magic(const struct file_kind *kind, const uint8_t *bytes, size_t size)
{
	return kind->magic != NULL && size >= kind->offset + kind->magic_size &&
	       memcmp(bytes + kind->offset, kind->magic, kind->magic_size) == 0;
}

static bool has_end(const struct file_kind *kind, const char *path)
{
	for (size_t i = 0; i < COUNT(kind->ends) && kind->ends[i] != NULL; i++)
		if (text_ends_with(path, kind->ends[i]))
			return true;
	return false;
}

const char *input_pointer(const uint8_t *bytes, size_t size, const char **hint)
{
	for (size_t i = 0; i < COUNT(pointers); i++) {
		if (!has_magic(&pointers[i], bytes, size))
			continue;
		*hint = pointers[i].hint;
		return pointers[i].what;
	}
	return NULL;
}

/* The first bytes of a regular file; none where it cannot be read. */
static size_t read_head(const char *path, uint8_t head[HEAD])
{
	struct stat s;
	ssize_t size = -1;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
		size = read(fd, head, HEAD);
	if (fd >= 0)
		close(fd);
	return size > 0 ? (size_t)size : 0;
}

bool input_is_gzip(const char *path)
{
	struct stat s;
	uint8_t head[HEAD];
	return stat(path, &s) == 0 && S_ISREG(s.st_mode) && read_head(path, head) >= 2 &&
	       head[0] == 0x1f && head[1] == 0x8b;
}

static int refuse(struct fail *f, const char *what, const char *hint)
{
	fail_set(f, STATUS_UNACCEPTABLE, "%s, not a SavedModel directory", what);
	return fail_hint(f, "%s", hint);
}

static int check_file(const char *path, struct fail *f)
{
	uint8_t head[HEAD];
	size_t size = read_head(path, head);
	const char *hint, *what = input_pointer(head, size, &hint);
	if (what != NULL)
		return refuse(f, what, hint);
	for (size_t i = 0; i < COUNT(files); i++)
		if (has_end(&files[i], path) || has_magic(&files[i], head, size))
			return refuse(f, files[i].what, files[i].hint);
	return refuse(f, size == 0 ? "an empty file" : "a file",
		"give the directory that the training script exported: it holds " GRAPH);
}

/* What lies in a directory that holds no graph: the best of what was seen. */
struct contents {
	char *numbered; /* the highest number of a version with a graph; or NULL */
	char *nested;	/* a directory with a graph; or NULL */
	char *keras;	/* a Keras file; or NULL */
	bool has_mlmodel;
	bool has_checkpoint;
	bool has_tfjs;
	size_t count;
};

static bool holds_graph(const char *folder, const char *name)
{
	char *path = text_format("%s/%s/" GRAPH, folder, name);
	bool holds = file_is_there(path);
	free(path);
	return holds;
}

static bool is_number(const char *name)
{
	return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

/* As numbers: a longer one is higher. */
static bool is_higher(const char *one, const char *other)
{
	size_t size = strlen(one), least = strlen(other);
	return size != least ? size > least : strcmp(one, other) > 0;
}

static void keep(char **kept, const char *name)
{
	free(*kept);
	*kept = text_copy(name);
}

static void look_at(struct contents *contents, const char *folder, const char *name)
{
	contents->count++;
	contents->has_mlmodel |= text_equal(name, "MLmodel");
	contents->has_tfjs |= text_equal(name, "model.json");
	contents->has_checkpoint |=
		text_equal(name, "checkpoint") || text_ends_with(name, ".index");
	if (has_end(&files[0], name) || has_end(&files[1], name))
		keep(&contents->keras, name);
	if (!holds_graph(folder, name))
		return;
	if (is_number(name) && (contents->numbered == NULL || is_higher(name, contents->numbered)))
		keep(&contents->numbered, name);
	if (contents->nested == NULL || strcmp(name, contents->nested) < 0)
		keep(&contents->nested, name);
}

static void look_through(struct contents *contents, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	while (dir != NULL && contents->count < ENTRIES_MAX && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			look_at(contents, folder, entry->d_name);
	if (dir != NULL)
		closedir(dir);
}

static int judge(const struct contents *contents, const char *folder, struct fail *f)
{
	const char *name = contents->numbered != NULL ? contents->numbered : contents->nested;
	if (contents->has_mlmodel)
		return refuse(f, "an MLflow model",
			"name it in the handoff's logged_model where the run logged it, or give "
			"the SavedModel inside of it");
	if (name != NULL) {
		fail_set(f, STATUS_UNACCEPTABLE, "%s: " GRAPH " is in %.100s/",
			contents->numbered != NULL
				? "a directory of numbered versions, as for TensorFlow Serving"
				: "the directory above a SavedModel",
			name);
		return fail_hint(
			f, "give %s%s%s", folder, text_ends_with(folder, "/") ? "" : "/", name);
	}
	if (contents->keras != NULL)
		return refuse(f, "a directory with a Keras file", EXPORT_HINT);
	if (contents->has_tfjs)
		return refuse(f, "a TensorFlow.js model",
			"give the SavedModel that it was converted from");
	if (contents->has_checkpoint)
		return refuse(f, "a TensorFlow checkpoint: weights without a graph", EXPORT_HINT);
	if (contents->count == 0)
		return refuse(
			f, "an empty directory", "was the model exported, and to this directory?");
	return 0;
}

static int check_directory(const char *path, struct fail *f)
{
	static const char *const graphs[] = {GRAPH, "saved_model.pbtxt", "saved_model.cpb"};
	struct contents contents = {0};
	for (size_t i = 0; i < COUNT(graphs); i++) {
		char *graph = file_join(path, graphs[i]);
		bool is_named = file_is_named(graph);
		free(graph);
		if (is_named)
			return 0;
	}
	look_through(&contents, path);
	int result = judge(&contents, path, f);
	free(contents.numbered);
	free(contents.nested);
	free(contents.keras);
	return result;
}

int input_check(const char *path, struct fail *f)
{
	struct stat s;
	if (input_is_url(path))
		return check_url(path, f);
	if (stat(path, &s) != 0)
		return input_error(path, "cannot be read", f);
	if (S_ISDIR(s.st_mode))
		return check_directory(path, f);
	if (S_ISREG(s.st_mode))
		return check_file(path, f);
	return refuse(f, "a device, a FIFO or a socket",
		"give the directory that the training script exported");
}
