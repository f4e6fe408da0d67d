/* parts.c: the calls on chunks as processes that know nothing of one another.
 *
 *     parts range POINTS D FIRST N                        prints the range of N points from number FIRST on
 *     parts sums  POINTS D FIRST N K TOTAL RANGE CENTERS  prints their sums
 *     parts step  D K TOTAL RANGE SUMS CENTERS STATE      rewrites CENTERS and STATE; prints "again", or what came out
 *
 * POINTS and CENTERS are raw doubles, STATE is a centra_stream_state or not there yet; RANGE and SUMS are text, an integer a line, and so
 * is what is printed. What joins the parts is parts.sh. */
#include "centra.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "parts: %s\n", what);
    exit(1);
}

static void call(int32_t status)
{
    must(status >= CENTRA_OK, centra_error_detail());
}

static void *get(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    must(memory != NULL, "out of memory");
    return memory;
}

static double *read_raw(const char *path, size_t first, size_t count)
{
    double *numbers = (double *)get(count, sizeof *numbers);
    FILE *file = fopen(path, "rb");
    must(file && fseek(file, (long)(first * sizeof *numbers), SEEK_SET) == 0, path);
    must(fread(numbers, sizeof *numbers, count, file) == count, path);
    fclose(file);
    return numbers;
}

static void write_raw(const char *path, const void *what, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    must(file && fwrite(what, 1, bytes, file) == bytes && fclose(file) == 0, path);
}

static int64_t *read_text(const char *path, size_t count)
{
    int64_t *numbers = (int64_t *)get(count, sizeof *numbers);
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    for (size_t i = 0; i < count; ++i)
        must(fscanf(file, "%" SCNd64, &numbers[i]) == 1, path);
    fclose(file);
    return numbers;
}

static int32_t *read_range(const char *path, size_t d)
{
    size_t length;
    call(centra_stream_range_length(d, &length));
    int64_t *numbers = read_text(path, length);
    int32_t *range = (int32_t *)get(length, sizeof *range);
    for (size_t i = 0; i < length; ++i)
        range[i] = (int32_t)numbers[i];
    free(numbers);
    return range;
}

static size_t number(const char *text)
{
    return (size_t)strtoull(text, NULL, 10);
}

static void range_part(char **argument)
{
    size_t d = number(argument[1]), n = number(argument[3]), length;
    double *points = read_raw(argument[0], number(argument[2]) * d, n * d);
    call(centra_stream_range_length(d, &length));
    int32_t *range = (int32_t *)get(length, sizeof *range);
    call(centra_stream_range(points, n, d, d, NULL, range, NULL, 0));
    for (size_t i = 0; i < length; ++i)
        printf("%" PRId32 "\n", range[i]);
    free(range);
    free(points);
}

static void sums_part(char **argument)
{
    size_t d = number(argument[1]), n = number(argument[3]), k = number(argument[4]), length;
    int64_t total = (int64_t)number(argument[5]);
    double *points = read_raw(argument[0], number(argument[2]) * d, n * d), *centers = read_raw(argument[7], 0, k * d);
    int32_t *range = read_range(argument[6], d);
    call(centra_stream_sums_length(total, d, k, range, &length));
    int64_t *sums = (int64_t *)get(length, sizeof *sums);
    call(centra_stream_sums(points, n, d, d, k, NULL, total, range, centers, NULL, CENTRA_STREAM_INERTIA, sums, NULL, 0));
    for (size_t i = 0; i < length; ++i)
        printf("%" PRId64 "\n", sums[i]);
    free(sums);
    free(range);
    free(centers);
    free(points);
}

static void step(char **argument)
{
    size_t d = number(argument[0]), k = number(argument[1]), length;
    int64_t total = (int64_t)number(argument[2]);
    int32_t *range = read_range(argument[3], d);
    call(centra_stream_sums_length(total, d, k, range, &length));
    int64_t *sums = read_text(argument[4], length);
    double *centers = read_raw(argument[5], 0, k * d);
    centra_stream_state state;
    FILE *file = fopen(argument[6], "rb");
    if (file) {
        must(fread(&state, sizeof state, 1, file) == 1, argument[6]);
        fclose(file);
    } else
        centra_stream_state_init(&state, sizeof state);
    centra_options options;
    centra_options_init(&options);
    options.empty = CENTRA_EMPTY_KEEP;
    call(centra_stream_step(total, d, k, &options, range, sums, centers, &state));
    write_raw(argument[5], centers, k * d * sizeof *centers);
    write_raw(argument[6], &state, sizeof state);
    if (!state.done)
        puts("again");
    for (size_t i = 0; state.done && i < k * d; ++i)
        printf("%.17g\n", centers[i]);
    if (state.done)
        printf("%.17g\n%" PRId64 "\n", state.inertia, state.iterations);
    free(centers);
    free(sums);
    free(range);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run)(char **);
    } commands[] = {{"range", 4, range_part}, {"sums", 8, sums_part}, {"step", 7, step}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i)
        if (argc == commands[i].arguments + 2 && strcmp(argv[1], commands[i].name) == 0) {
            commands[i].run(argv + 2);
            return 0;
        }
    fprintf(stderr, "usage: %s range | sums | step ...\n", argv[0]);
    return 2;
}
