/* huge.c: more points than 32 bits count. No machine needs 26 GB for it: the same pages of two files in memory are mapped over and over,
 * so that points repeat, and labels that belong to the same point land on one another. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "centra.h"
#include "check.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK = 1 << 24, CHUNKS = 128, TAIL = 5, PAGE = 1 << 16 };
static const size_t n = (size_t)CHUNK * CHUNKS + TAIL; /* 2^31 + 5 */

/* CHUNKS times the same CHUNK elements, and then a page of their own for the last ones. */
static void *repeated(size_t element)
{
    size_t bytes = CHUNK * element;
    int file = memfd_create("centra", 0);
    unsigned char *all = (unsigned char *)mmap(NULL, CHUNKS * bytes + PAGE, PROT_READ | PROT_WRITE,
                                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (file < 0 || all == (unsigned char *)MAP_FAILED || ftruncate(file, (off_t)bytes) != 0)
        return NULL;
    for (size_t chunk = 0; chunk < CHUNKS; ++chunk)
        if (mmap(all + chunk * bytes, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
            return NULL;
    close(file);
    return all;
}

int main(void)
{
    static const double centers[2] = {1, 3}, last[TAIL] = {100, 0, 3, 2, -7};
    static const int32_t last_labels[TAIL] = {1, 0, 1, 0, 0};
    double *points = (double *)repeated(sizeof(double));
    int32_t *labels = (int32_t *)repeated(sizeof(int32_t));
    CHECK(points != NULL);
    CHECK(labels != NULL);
    if (!points || !labels)
        return finish("huge");
    double *tail = points + (size_t)CHUNK * CHUNKS;
    int32_t *tail_labels = labels + (size_t)CHUNK * CHUNKS;
    double expected = 0;
    for (size_t p = 0; p < CHUNK; ++p) {
        points[p] = (double)(p % 5);
        labels[p] = -1;
        expected += p % 5 % 2 ? 0 : CHUNKS; /* 0, 2 and 4 are 1 from the nearest center, 1 and 3 are centers */
    }
    for (size_t p = 0; p < TAIL; ++p) {
        double off = last[p] - centers[last_labels[p]];
        tail[p] = last[p];
        tail_labels[p] = -1;
        expected += off * off;
    }
    centra_options options;
    centra_options_init(&options);
    options.threads = 2;

    CONTEXT("assign");
    CHECK(centra_assign(points, n, 1, 1, 2, &options, centers, labels, NULL, NULL, 0) == CENTRA_OK);
    size_t wrong = 0;
    for (size_t p = 0; p < CHUNK; ++p)
        wrong += labels[p] != (p % 5 > 2);
    CHECK(wrong == 0);
    CHECK(same_labels(tail_labels, last_labels, TAIL));

    CONTEXT("inertia");
    double inertia = -1;
    CHECK(centra_inertia(points, n, 1, 1, 2, &options, centers, labels, &inertia) == CENTRA_OK);
    CHECK(inertia == expected);

    CONTEXT("a stream's range");
    int32_t whole[6] = {0}, parts[6] = {0};
    CHECK(centra_stream_range(points, n, 1, 1, &options, whole, NULL, 0) == CENTRA_OK);
    CHECK(centra_stream_range(points, CHUNK, 1, 1, &options, parts, NULL, 0) == CENTRA_OK);
    CHECK(centra_stream_range(tail, TAIL, 1, 1, &options, parts, NULL, 0) == CENTRA_OK);
    CHECK(memcmp(whole, parts, sizeof whole) == 0);

    CONTEXT("NaN near the end");
    tail[3] = NAN;
    tail_labels[4] = -1;
    CHECK(centra_assign(points, n, 1, 1, 2, &options, centers, labels, NULL, NULL, 0) == CENTRA_ERR_NONFINITE);
    CHECK(strcmp(centra_error_detail(), "points: NaN at row 2147483651, dimension 0") == 0);
    CHECK(tail_labels[4] == -1);
    CHECK(centra_stream_range(points, n, 1, 1, &options, parts, NULL, 0) == CENTRA_ERR_NONFINITE);
    CHECK(memcmp(whole, parts, sizeof whole) == 0);

    CONTEXT("a label near the end");
    tail[3] = 2;
    tail_labels[4] = 2;
    inertia = -1;
    CHECK(centra_inertia(points, n, 1, 1, 2, &options, centers, labels, &inertia) == CENTRA_ERR_LABEL);
    CHECK(strcmp(centra_error_detail(), "labels: 2 at index 2147483652 is not one of 0 to 1") == 0);
    CHECK(inertia == -1);
    return finish("huge");
}
