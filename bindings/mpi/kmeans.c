/* kmeans.c: k-means of points that the ranks of an MPI job have among them.
 *
 *     mpiexec -n RANKS kmeans FILE D K [THREADS [TYPE]]
 *
 * FILE is raw numbers as this machine writes them, point after point, D a point, of TYPE double (the default), float or byte
 * (unsigned); every rank reads its own slice of it, keeps it in that type, and THREADS (1) threads a rank work on it. What the ranks
 * find out about their slices are integers, and MPI_Allreduce joins them by MPI_MAX and MPI_SUM (empty clusters take the farthest
 * points, whose lists are joined by a call): so the result is that of centra_fit for all points in one array, bit for bit, for any
 * number of ranks. */
#define _XOPEN_SOURCE 700 /* fseeko */
#include <centra.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, ranks;

/* Every rank says how it fares: NULL if fine. If one does not, all end, and the first of those says why. */
static void all_fine(const char *step, const char *trouble)
{
    int first = trouble ? rank : ranks;
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first == ranks)
        return;
    if (first == rank)
        fprintf(stderr, "kmeans: rank %d: %s: %s\n", rank, step, trouble);
    MPI_Finalize();
    exit(1);
}

/* The same of a call that every rank made. */
static void must(const char *call, int32_t status)
{
    all_fine(call, status < CENTRA_OK ? centra_error_detail() : NULL);
}

/* Memory for numbers, zero. All ranks end if one has none. */
static void *get(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    all_fine("memory", memory ? NULL : "there is none left");
    return memory;
}

/* The sum over all ranks, in pieces that MPI can count. */
static void sum(int64_t *numbers, size_t count)
{
    const size_t piece = (size_t)1 << 24;
    for (; count > piece; numbers += piece, count -= piece)
        MPI_Allreduce(MPI_IN_PLACE, numbers, (int)piece, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, numbers, (int)count, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
}

/* The types of numbers. */
enum { DOUBLE, FLOAT, BYTE, TYPES };
static const struct {
    const char *name, *odd;
    size_t bytes;
} types[TYPES] = {{"double", "the size is not that of rows of D doubles", sizeof(double)},
                  {"float", "the size is not that of rows of D floats", sizeof(float)},
                  {"byte", "the size is not that of rows of D bytes", 1}};

/* What this rank has, and what all know. */
typedef struct Job {
    int type;
    void *points;                  /* of this rank: n rows of d */
    size_t n, d, k;
    int64_t first, total;          /* index of the first of them among all points; how many those are */
    centra_options options;
    void *workspace;
    size_t workspace_bytes;
    int32_t *range;
} Job;

/* A call that takes points, by the name that it has for those of this type. */
#define OF_POINTS(job, call, ...)                                                   \
    ((job)->type == FLOAT  ? call##_f32((const float *)(job)->points, __VA_ARGS__)  \
     : (job)->type == BYTE ? call##_u8((const uint8_t *)(job)->points, __VA_ARGS__) \
                           : call((const double *)(job)->points, __VA_ARGS__))

/* The points of this rank: those from total * rank / ranks on. */
static void read_slice(Job *job, const char *path)
{
    const size_t row = job->d * types[job->type].bytes;
    FILE *file = fopen(path, "rb");
    all_fine(path, file ? NULL : "cannot be opened");
    int64_t bytes = fseeko(file, 0, SEEK_END) ? -1 : (int64_t)ftello(file);
    all_fine(path, bytes > 0 && (size_t)bytes % row == 0 ? NULL : types[job->type].odd);
    job->total = bytes / (int64_t)row;
    MPI_Bcast(&job->total, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    int64_t share = job->total / ranks, rest = job->total % ranks;
    job->first = share * rank + (rank < rest ? rank : rest);
    job->n = (size_t)(share + (rank < rest));
    job->points = get(job->n, row);
    int whole = fseeko(file, (off_t)((size_t)job->first * row), SEEK_SET) == 0 && fread(job->points, row, job->n, file) == job->n;
    all_fine(path, whole ? NULL : "ends before the slice of this rank");
    fclose(file);
}

/* What all points are like. */
static void find_range(Job *job)
{
    size_t length;
    must("range", centra_stream_range_length(job->d, &length));
    job->range = (int32_t *)get(length, sizeof *job->range);
    must("range", OF_POINTS(job, centra_stream_range, job->n, job->d, job->d, &job->options, job->range, job->workspace,
                            job->workspace_bytes));
    MPI_Allreduce(MPI_IN_PLACE, job->range, (int)length, MPI_INT32_T, MPI_MAX, MPI_COMM_WORLD);
}

/* Rows of every rank, rank after rank, to every rank: the sum of arrays in which each has set the bits of its own. */
static void gather(const double *rows, size_t own, size_t before, double *all, size_t count)
{
    int64_t *bits = (int64_t *)get(count, sizeof *bits);
    memcpy(bits + before, rows, own * sizeof *bits);
    sum(bits, count);
    memcpy(all, bits, count * sizeof *bits);
    free(bits);
}

/* Starting centers by k-means||. */
static void seed(const Job *job, double *centers)
{
    const size_t n = job->n, d = job->d, k = job->k;
    size_t of_round, of_all, count = 0, known = 0;
    must("candidates", centra_stream_candidates(k, &of_round, &of_all));
    double *candidates = (double *)get(of_all, d * sizeof *candidates), *rows = (double *)get(of_round, d * sizeof *rows);
    double *distances = (double *)get(n, sizeof *distances);
    int64_t *drawn = (int64_t *)get((size_t)ranks, sizeof *drawn), masses[CENTRA_STREAM_MASS_DIGITS] = {0};
    for (uint32_t round = 0; centra_stream_due(k, round, count, masses); ++round) {
        memset(masses, 0, sizeof masses);
        must("masses", OF_POINTS(job, centra_stream_masses, n, d, d, k, &job->options, job->total, job->range, candidates, count,
                                 known, distances, masses, job->workspace, job->workspace_bytes));
        sum(masses, CENTRA_STREAM_MASS_DIGITS);
        known = count;
        memset(drawn, 0, (size_t)ranks * sizeof *drawn);
        must("draw", OF_POINTS(job, centra_stream_draw, n, d, d, k, &job->options, job->total, job->range, masses, candidates,
                               count, distances, round, job->first, rows, drawn + rank, job->workspace, job->workspace_bytes));
        sum(drawn, (size_t)ranks);
        size_t before = 0, all = 0;
        for (int r = 0; r < ranks; ++r) {
            before += r < rank ? (size_t)drawn[r] : 0;
            all += (size_t)drawn[r];
        }
        if (all <= of_round) {
            gather(rows, (size_t)drawn[rank] * d, before * d, candidates + count * d, all * d);
            count += all;
        }
    }
    size_t length;
    must("weights", centra_stream_weights_length(job->total, d, k, job->range, count, &length));
    int64_t *weights = (int64_t *)get(length, sizeof *weights);
    must("weigh", OF_POINTS(job, centra_stream_weigh, n, d, d, k, &job->options, job->total, job->range, candidates, count,
                            weights, job->workspace, job->workspace_bytes));
    sum(weights, length);
    must("choose", centra_stream_choose(job->total, d, k, &job->options, job->range, candidates, count, weights, centers,
                                        job->workspace, job->workspace_bytes));
    free(weights);
    free(drawn);
    free(distances);
    free(rows);
    free(candidates);
}

/* The points that empty clusters take: the list of each rank is joined with those of all others. */
static int64_t *find_farthest(const Job *job, const double *centers, const int64_t *sums, size_t length)
{
    int64_t *farthest = (int64_t *)get(length, sizeof *farthest), *other = (int64_t *)get(length, sizeof *other);
    must("farthest", OF_POINTS(job, centra_stream_farthest, job->n, job->d, job->d, job->k, &job->options, job->total, job->range,
                               centers, sums, job->first, farthest, length, job->workspace, job->workspace_bytes));
    /* A tree: in each round a rank joins the list of the one `step` above it. */
    for (int step = 1; step < ranks; step *= 2) {
        if (rank % (2 * step) == step)
            MPI_Send(farthest, (int)length, MPI_INT64_T, rank - step, 0, MPI_COMM_WORLD);
        int joins = rank % (2 * step) == 0 && rank + step < ranks;
        if (joins)
            MPI_Recv(other, (int)length, MPI_INT64_T, rank + step, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        must("join", joins ? centra_stream_farthest_join(job->d, length, other, farthest) : CENTRA_OK);
    }
    MPI_Bcast(farthest, (int)length, MPI_INT64_T, 0, MPI_COMM_WORLD);
    free(other);
    return farthest;
}

/* Lloyd's loop; the labels of this rank's points, and the centers, which are the same everywhere. */
static centra_stream_state iterate(const Job *job, double *centers, int32_t *labels)
{
    size_t length;
    must("sums", centra_stream_sums_length(job->total, job->d, job->k, job->range, &length));
    int64_t *sums = (int64_t *)get(length, sizeof *sums);
    centra_stream_state state;
    centra_stream_state_init(&state, sizeof state);
    while (!state.done) {
        memset(sums, 0, length * sizeof *sums);
        must("sums", OF_POINTS(job, centra_stream_sums, job->n, job->d, job->d, job->k, &job->options, job->total, job->range,
                               centers, labels, CENTRA_STREAM_INERTIA | CENTRA_STREAM_MOVED, sums, job->workspace,
                               job->workspace_bytes));
        sum(sums, length);
        size_t points;
        must("empty", centra_stream_farthest_length(job->total, job->d, job->k, &job->options, job->range, sums, centers, &state,
                                                    &points));
        all_fine("empty", points <= INT_MAX ? NULL : "more farthest points than MPI can count");
        int64_t *farthest = points ? find_farthest(job, centers, sums, points) : NULL;
        must("step", centra_stream_relocate(job->total, job->d, job->k, &job->options, job->range, sums, farthest, points, centers,
                                            &state));
        free(farthest);
        if (rank == 0)
            fprintf(stderr, "pass %lld: inertia %.9g\n", (long long)state.iterations + state.done, state.inertia);
    }
    free(sums);
    return state;
}

/* A positive number, or 0. */
static size_t number(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    return *end || value < 0 ? 0 : (size_t)value;
}

int main(int argc, char **argv)
{
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    Job job;
    memset(&job, 0, sizeof job);
    size_t threads = argc > 4 ? number(argv[4]) : 1;
    while (argc > 5 && job.type < TYPES && strcmp(argv[5], types[job.type].name))
        ++job.type;
    job.d = argc > 3 ? number(argv[2]) : 0;
    job.k = argc > 3 ? number(argv[3]) : 0;
    int usual = argc > 3 && argc < 7 && job.d && job.k && threads && job.type < TYPES;
    all_fine("usage", usual ? NULL : "kmeans FILE D K [THREADS [double|float|byte]]");
    centra_options_init(&job.options);
    job.options.init = CENTRA_INIT_PARALLEL; /* so that the workspace is large enough for it */
    job.options.threads = (int32_t)threads;

    read_slice(&job, argv[1]);
    int32_t (*size)(size_t, int64_t, size_t, size_t, const centra_options *, size_t *) =
        job.type == FLOAT  ? centra_stream_workspace_size_f32
        : job.type == BYTE ? centra_stream_workspace_size_u8
                           : centra_stream_workspace_size;
    must("workspace", size(job.n, job.total, job.d, job.k, &job.options, &job.workspace_bytes));
    job.workspace = get(job.workspace_bytes, 1);
    find_range(&job);
    double *centers = (double *)get(job.k, job.d * sizeof *centers);
    int32_t *labels = (int32_t *)get(job.n, sizeof *labels);
    seed(&job, centers);
    centra_stream_state state = iterate(&job, centers, labels);

    /* 17 digits tell every double from every other. */
    if (rank == 0) {
        for (size_t j = 0; j < job.k; ++j)
            for (size_t i = 0; i < job.d; ++i)
                printf("%.17g%c", centers[j * job.d + i], i + 1 < job.d ? ' ' : '\n');
        printf("inertia %.17g\niterations %lld\n", state.inertia, (long long)state.iterations);
    }
    free(labels);
    free(centers);
    free(job.range);
    free(job.workspace);
    free(job.points);
    MPI_Finalize();
    return 0;
}
