//! Prefetching: requests for memory before it is needed.

use core::ops::Range;

use super::Points;
use crate::simd::prefetch;

/// Memory that is likely to be needed next. It is requested in small steps during other work, so that the memory is read while
/// the core computes.
pub(crate) struct Ahead {
    row: *const u8,
    /// Bytes from row to row, rows left, cache lines in a row, lines requested of the current row.
    stride: usize,
    rows: usize,
    lines: usize,
    line: usize,
}

/// Bytes in a cache line.
pub(crate) const LINE: usize = 64;

impl Ahead {
    /// The dimensions `dims` of points in rows. Columns need no requests: they are few streams, which the CPU prefetches by itself.
    pub(crate) fn of(points: &Points<'_>, block: Range<usize>, dims: Range<usize>) -> Self {
        let (row, stride, rows, bytes) = points.strided_rows(block, dims);
        Ahead {
            row,
            stride,
            rows,
            lines: bytes.div_ceil(LINE),
            line: 0,
        }
    }

    /// Contiguous elements.
    pub(crate) fn run<E>(start: *const E, length: usize) -> Self {
        Ahead {
            row: start.cast(),
            stride: 0,
            rows: 1,
            lines: (length * size_of::<E>()).div_ceil(LINE),
            line: 0,
        }
    }

    /// The number of lines to request in each of `steps` steps.
    #[inline(always)]
    pub(crate) fn share(&self, steps: usize) -> usize {
        (self.rows * self.lines).div_ceil(steps.max(1))
    }

    /// Requests the next lines.
    #[inline(always)]
    pub(crate) fn ask(&mut self, lines: usize) {
        for _ in 0..lines {
            if self.rows == 0 {
                return;
            }
            prefetch(self.row.wrapping_add(self.line * LINE));
            self.line += 1;
            if self.line == self.lines {
                self.line = 0;
                self.rows -= 1;
                self.row = self.row.wrapping_add(self.stride);
            }
        }
    }
}
