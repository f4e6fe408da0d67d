//! A matrix in the caller's memory that a call writes.

use core::marker::PhantomData;

use super::{extent, Layout};
use crate::runtime::error::{refuse, Error};

/// Rows of doubles, `stride` apart. Gaps between rows are neither read nor written, so this holds a pointer and not a slice: in C they
/// may belong to other data.
pub(crate) struct RowsMut<'a> {
    base: *mut f64,
    count: usize,
    width: usize,
    stride: usize,
    memory: PhantomData<&'a mut [f64]>,
}

// SAFETY: a `RowsMut` is a unique borrow of plain doubles, as `&mut [f64]` is.
unsafe impl Send for RowsMut<'_> {}

/// Checks the leading dimension of n rows of k squared distances; without points any is allowed. Returns the doubles from the first to
/// the last of them.
pub(crate) fn check_distance_rows(n: usize, k: usize, ld_out: usize) -> Result<usize, Error> {
    if n > 0 && ld_out < k {
        return refuse!(Shape, "ld_out = {ld_out} is less than k = {k}");
    }
    match extent(n, k, ld_out, Layout::Rows) {
        Some(elements) => Ok(elements),
        None => refuse!(
            Shape,
            "ld_out = {ld_out}: the squared distances do not fit the address space"
        ),
    }
}

impl<'a> RowsMut<'a> {
    /// Rows in a slice, `stride` apart, which is at least as many as are in one; the slice holds them all.
    pub(crate) fn new(data: &'a mut [f64], count: usize, width: usize, stride: usize) -> Self {
        let needed = extent(count, width, stride, Layout::Rows);
        assert!(
            needed.is_some_and(|needed| needed <= data.len()) && (count == 0 || stride >= width)
        );
        // SAFETY: the slice is ours for 'a, and holds every row.
        unsafe { Self::from_raw(data.as_mut_ptr(), count, width, stride) }
    }

    /// Rows in memory that the caller of the C API vouches for.
    ///
    /// # Safety
    /// The sizes passed [`check_distance_rows`]; unless there are no rows, `base` is aligned and not null, and every row is writable, and
    /// nobody else accesses it for `'a`. Gaps may be anything.
    pub(crate) unsafe fn from_raw(
        base: *mut f64,
        count: usize,
        width: usize,
        stride: usize,
    ) -> Self {
        RowsMut {
            base,
            count,
            width,
            stride,
            memory: PhantomData,
        }
    }

    /// Row `p`.
    #[inline(always)]
    pub(crate) fn row(&mut self, p: usize) -> &mut [f64] {
        assert!(p < self.count);
        // SAFETY: row p < count is `width` writable doubles of ours at p * stride by the constructor's contract; rows do not overlap, since
        // the stride is at least the width.
        unsafe { core::slice::from_raw_parts_mut(self.base.add(p * self.stride), self.width) }
    }

    /// Takes the first `count` rows off.
    pub(crate) fn split_off(&mut self, count: usize) -> RowsMut<'a> {
        assert!(count <= self.count);
        let first = RowsMut { count, ..*self };
        // The place after the last row is not used.
        self.base = self.base.wrapping_add(count.wrapping_mul(self.stride));
        self.count -= count;
        first
    }
}
