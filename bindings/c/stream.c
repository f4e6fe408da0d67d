/* stream.c: k-means of a file that memory cannot hold.
 *
 *     stream FILE D K CHUNK
 *
 * FILE is raw doubles as this machine writes them, point after point, D a point. It is read over and over, CHUNK points at a time,
 * and K centers come out: those of centra_fit for all points in one array, from k-means|| with the same seed, bit for bit and for
 * any CHUNK. What each pass finds is said on stderr, the result on stdout. */
#define _XOPEN_SOURCE 700 /* fseeko and getrusage */
#include <centra.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The file, and the chunk of it that is in memory. */
typedef struct Input {
    const char *path;
    FILE *file;
    size_t d, room;       /* dimensions; points that a chunk has room for */
    double *points;       /* the chunk */
    size_t n;             /* points in it */
    int64_t first, total; /* index of its first point among all; how many they are */
} Input;

static void *get(size_t count, size_t size, const char *what)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fprintf(stderr, "stream: no memory for %s: %zu times %zu bytes\n", what, count, size);
        exit(1);
    }
    return memory;
}

static void open_input(Input *in, const char *path, size_t d, size_t room)
{
    memset(in, 0, sizeof *in);
    in->path = path;
    in->d = d;
    in->room = room;
    in->file = fopen(path, "rb");
    if (!in->file || fseeko(in->file, 0, SEEK_END)) {
        perror(path);
        exit(1);
    }
    size_t bytes = (size_t)ftello(in->file);
    rewind(in->file);
    if (bytes == 0 || bytes / sizeof(double) % d || bytes % sizeof(double)) {
        fprintf(stderr, "stream: %s: %zu bytes are no points of %zu doubles\n", path, bytes, d);
        exit(1);
    }
    in->total = (int64_t)(bytes / sizeof(double) / d);
    in->points = (double *)get(room, d * sizeof(double), "a chunk");
}

/* Reads the next chunk. After the last one it is back at the start of the file, for the next pass, and returns 0. */
static int next(Input *in)
{
    in->first += (int64_t)in->n;
    in->n = 0;
    if (in->first == in->total) {
        rewind(in->file);
        in->first = 0;
        return 0;
    }
    int64_t left = in->total - in->first;
    in->n = left < (int64_t)in->room ? (size_t)left : in->room;
    if (fread(in->points, sizeof(double), in->n * in->d, in->file) != in->n * in->d) {
        fprintf(stderr, "stream: %s: cannot be read from point %lld on\n", in->path, (long long)in->first);
        exit(1);
    }
    return 1;
}

/* Ends the program unless a call was fine, and says why; the library counts rows from the start of a chunk. */
static void must(const Input *in, const char *call, int32_t status)
{
    if (status >= CENTRA_OK)
        return;
    fprintf(stderr, "stream: %s: %s (%s)", call, centra_status_message(status), centra_error_detail());
    if (in->n)
        fprintf(stderr, ", row 0 being point %lld of %s", (long long)in->first, in->path);
    fprintf(stderr, "\n");
    exit(1);
}

int main(int argc, char **argv)
{
    size_t size[3] = {0, 0, 0}; /* D, K, CHUNK */
    for (int i = 0; argc == 5 && i < 3; ++i) {
        char *end;
        long long value = strtoll(argv[2 + i], &end, 10);
        size[i] = *end || value < 0 ? 0 : (size_t)value;
    }
    const size_t d = size[0], k = size[1];
    if (!d || !k || !size[2]) {
        fprintf(stderr, "usage: %s FILE D K CHUNK\n", argv[0]);
        return 2;
    }
    Input in;
    open_input(&in, argv[1], d, size[2]);

    centra_options options;
    centra_options_init(&options);
    options.init = CENTRA_INIT_PARALLEL; /* so that the workspace is large enough for it */
    size_t workspace_bytes, range_length, of_round, of_all, sums_length;
    must(&in, "workspace", centra_stream_workspace_size(in.room, in.total, d, k, &options, &workspace_bytes));
    must(&in, "range", centra_stream_range_length(d, &range_length));
    must(&in, "candidates", centra_stream_candidates(k, &of_round, &of_all));
    void *workspace = get(workspace_bytes, 1, "the workspace");
    int32_t *range = (int32_t *)get(range_length, sizeof *range, "the range");
    double *centers = (double *)get(k, d * sizeof *centers, "centers");

    /* What the points are like. */
    while (next(&in))
        must(&in, "range", centra_stream_range(in.points, in.n, d, d, &options, range, workspace, workspace_bytes));
    must(&in, "sums", centra_stream_sums_length(in.total, d, k, range, &sums_length));
    fprintf(stderr, "%lld points of %zu dimensions\n", (long long)in.total, d);

    /* Starting centers. Candidates are drawn where they are to stand: behind those of the rounds before. */
    double *candidates = (double *)get(of_all, d * sizeof *candidates, "candidates");
    size_t weights_length;
    must(&in, "weights", centra_stream_weights_length(in.total, d, k, range, of_all, &weights_length));
    int64_t *weights = (int64_t *)get(weights_length, sizeof *weights, "weights of candidates");
    int64_t masses[CENTRA_STREAM_MASS_DIGITS] = {0};
    size_t count = 0;
    for (uint32_t round = 0; centra_stream_due(k, round, count, masses); ++round) {
        memset(masses, 0, sizeof masses);
        while (next(&in))
            must(&in, "masses", centra_stream_masses(in.points, in.n, d, d, k, &options, in.total, range, candidates, count, 0,
                                                     NULL, masses, workspace, workspace_bytes));
        int64_t drawn = 0;
        while (next(&in))
            must(&in, "draw", centra_stream_draw(in.points, in.n, d, d, k, &options, in.total, range, masses, candidates, count,
                                                 NULL, round, in.first, candidates + count * d, &drawn, workspace,
                                                 workspace_bytes));
        if (drawn <= (int64_t)of_round)
            count += (size_t)drawn;
        fprintf(stderr, "round %u: %zu candidates\n", (unsigned)round + 1, count);
    }
    while (next(&in))
        must(&in, "weigh", centra_stream_weigh(in.points, in.n, d, d, k, &options, in.total, range, candidates, count, weights,
                                               workspace, workspace_bytes));
    must(&in, "choose", centra_stream_choose(in.total, d, k, &options, range, candidates, count, weights, centers, workspace,
                                             workspace_bytes));
    free(candidates);
    free(weights);

    /* Lloyd's loop. */
    int64_t *sums = (int64_t *)get(sums_length, sizeof *sums, "sums");
    centra_stream_state state;
    centra_stream_state_init(&state, sizeof state);
    while (!state.done) {
        memset(sums, 0, sums_length * sizeof *sums);
        while (next(&in))
            must(&in, "sums", centra_stream_sums(in.points, in.n, d, d, k, &options, in.total, range, centers, NULL,
                                                 CENTRA_STREAM_INERTIA, sums, workspace, workspace_bytes));
        /* Where clusters are empty they take the farthest points, which another pass finds. */
        size_t length;
        must(&in, "empty", centra_stream_farthest_length(in.total, d, k, &options, range, sums, centers, &state, &length));
        int64_t *farthest = length ? (int64_t *)get(length, sizeof *farthest, "the farthest points") : NULL;
        while (length && next(&in))
            must(&in, "farthest", centra_stream_farthest(in.points, in.n, d, d, k, &options, in.total, range, centers, sums, in.first,
                                                         farthest, length, workspace, workspace_bytes));
        must(&in, "step", centra_stream_relocate(in.total, d, k, &options, range, sums, farthest, length, centers, &state));
        free(farthest);
        fprintf(stderr, "pass %lld: inertia %.9g\n", (long long)state.iterations + state.done, state.inertia);
    }

    /* 17 digits tell every double from every other. */
    for (size_t j = 0; j < k; ++j)
        for (size_t i = 0; i < d; ++i)
            printf("%.17g%c", centers[j * d + i], i + 1 < d ? ' ' : '\n');
    printf("inertia %.17g\niterations %lld\n", state.inertia, (long long)state.iterations);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    fprintf(stderr, "peak memory %ld KiB, file %lld KiB\n", usage.ru_maxrss,
            (long long)((uint64_t)in.total * d * sizeof(double) / 1024));
    free(sums);
    free(centers);
    free(range);
    free(workspace);
    free(in.points);
    fclose(in.file);
    return 0;
}
