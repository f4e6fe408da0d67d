//! Compressed sparse rows: of every row only some coordinates are stored, and all others are +0.0.

use core::marker::PhantomData;
use core::ops::Range;

use super::coordinate::{with_type, CoordinateType, Widen};
use crate::runtime::error::{refuse, Error};

/// The type of the integers that say where coordinates of sparse rows are: `i32` or `i64`.
///
/// ```
/// use centra::Points;
///
/// let (values, narrow, wide) = ([5.0, 7.0], [1, 0], [1i64, 0]);
/// let points = Points::csr(&values, &narrow, &[0, 1, 2], 2, 2)?;
/// let same = Points::csr(&values, &wide, &[0i64, 1, 2], 2, 2)?;
/// assert_eq!(points.at(0, 1), same.at(0, 1));
/// # Ok::<(), centra::Error>(())
/// ```
#[allow(private_bounds)] // No type of another crate can be an index.
pub trait Index: ReadIndex {}

impl Index for i32 {}
impl Index for i64 {}

/// An index as rows are read by it.
pub(crate) trait ReadIndex: Copy + Into<i64> {
    const TYPE: IndexType;
}

impl ReadIndex for i32 {
    const TYPE: IndexType = IndexType::I32;
}

impl ReadIndex for i64 {
    const TYPE: IndexType = IndexType::I64;
}

/// The type of the indices of some points, which is known when the program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum IndexType {
    #[default]
    I32,
    I64,
}

/// Evaluates an expression with `$J` as the type of indices.
macro_rules! with_index {
    ($index:expr, $J:ident => $body:expr) => {
        match $index {
            IndexType::I32 => {
                type $J = i32;
                $body
            }
            IndexType::I64 => {
                type $J = i64;
                $body
            }
        }
    };
}

/// Where the columns of the stored coordinates lie, and where rows start among these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    columns: *const u8,
    starts: *const u8,
    index: IndexType,
    /// Stored coordinates of the longest row, and of all.
    longest: usize,
    stored: usize,
}

impl Places {
    /// Of points that are not sparse.
    pub(super) const NONE: Places = Places {
        columns: core::ptr::null(),
        starts: core::ptr::null(),
        index: IndexType::I32,
        longest: 0,
        stored: 0,
    };

    /// Checks where the coordinates of rows of d dimensions are: row p has those from `starts[p]` to `starts[p + 1]`. There is
    /// one start more than there are rows; they passed [`check_starts`].
    pub(super) fn check<J: ReadIndex>(
        columns: &[J],
        starts: &[J],
        d: usize,
    ) -> Result<Self, Error> {
        let mut longest = 0;
        for (p, pair) in starts.windows(2).enumerate() {
            let row = &columns[at(pair[0])..at(pair[1])];
            longest = longest.max(row.len());
            let mut before = -1;
            for (e, &column) in row.iter().enumerate() {
                let column: i64 = column.into();
                if column < 0 || column as u64 >= d as u64 {
                    return refuse!(
                        Shape,
                        "columns: {column} at row {p}, entry {e} is not one of 0 to {}",
                        d - 1
                    );
                }
                if column <= before {
                    return refuse!(
                        Shape,
                        "columns: {column} at row {p}, entry {e} follows {before}: they must ascend, each once"
                    );
                }
                before = column;
            }
        }
        Ok(Places {
            columns: columns.as_ptr().cast(),
            starts: starts.as_ptr().cast(),
            index: J::TYPE,
            longest,
            stored: columns.len(),
        })
    }

    /// Stored coordinates.
    pub(super) fn stored(&self) -> usize {
        self.stored
    }

    /// Stored coordinates of the longest row.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The stored coordinates of row `p`.
    ///
    /// # Safety
    /// These places were checked and are readable, `p` is one of their rows, and `values` are as many coordinates of this type as
    /// there are columns.
    #[inline(always)]
    pub(super) unsafe fn entries<'a>(
        &self,
        values: *const u8,
        coordinates: CoordinateType,
        p: usize,
    ) -> Entries<'a> {
        // SAFETY: the contract: starts ascend to the number of columns.
        unsafe {
            let (start, end) = with_index!(self.index, J => {
                let starts = self.starts.cast::<J>().add(p);
                (at(*starts), at(*starts.add(1)))
            });
            Entries {
                columns: with_index!(self.index, J => self.columns.cast::<J>().add(start).cast()),
                values: values.add(start * coordinates.bytes()),
                length: end - start,
                index: self.index,
                coordinates,
                memory: PhantomData,
            }
        }
    }
}

/// An index that was checked, or a start.
#[inline(always)]
fn at<J: ReadIndex>(index: J) -> usize {
    let index: i64 = index.into();
    index as usize
}

/// Checks that starts ascend from 0, no row having more than d coordinates, before any of these is read; returns the last one, which is
/// the number of stored coordinates.
pub(super) fn check_starts<J: ReadIndex>(starts: &[J], d: usize) -> Result<usize, Error> {
    let mut before = 0;
    for (p, &start) in starts.iter().enumerate() {
        let start: i64 = start.into();
        if p == 0 && start != 0 {
            return refuse!(Shape, "starts: {start} at index 0 is not 0");
        }
        if start < before {
            return refuse!(
                Shape,
                "starts: {start} at index {p} follows {before}: they must not descend"
            );
        }
        if (start - before) as u64 > d as u64 {
            return refuse!(
                Shape,
                "starts: {start} at index {p} follows {before}: a row has at most d = {d} coordinates"
            );
        }
        before = start;
    }
    Ok(before as usize)
}

/// The stored coordinates of a row, in ascending dimensions.
#[derive(Clone, Copy)]
pub(crate) struct Entries<'a> {
    columns: *const u8,
    values: *const u8,
    length: usize,
    index: IndexType,
    coordinates: CoordinateType,
    memory: PhantomData<&'a [u8]>,
}

/// Entries that kernels read at a time.
pub(crate) const UNPACKED: usize = 64;

/// A few entries, whatever their types were.
pub(crate) struct Unpacked {
    columns: [usize; UNPACKED],
    values: [f64; UNPACKED],
    length: usize,
}

impl Unpacked {
    pub(crate) fn new() -> Self {
        Unpacked {
            columns: [0; UNPACKED],
            values: [0.0; UNPACKED],
            length: 0,
        }
    }

    /// Dimensions below d, and the coordinates in these.
    #[inline(always)]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let columns = self.columns[..self.length].iter();
        columns.zip(&self.values).map(|(&i, &x)| (i, x))
    }
}

impl Entries<'_> {
    /// The dimension of entry `e`.
    #[inline(always)]
    fn column(&self, e: usize) -> usize {
        assert!(e < self.length);
        // SAFETY: there are so many columns.
        with_index!(self.index, J => at(unsafe { *self.columns.cast::<J>().add(e) }))
    }

    /// The coordinate of entry `e`, widened.
    #[inline(always)]
    fn value(&self, e: usize) -> f64 {
        assert!(e < self.length);
        // SAFETY: there are so many values, of this type.
        with_type!(self.coordinates, C => unsafe { *self.values.cast::<C>().add(e) }.widened())
    }

    /// How many entries are in dimensions below `i`.
    fn below(&self, i: usize) -> usize {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.column(middle) < i {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// The coordinate in dimension `i`, widened.
    pub(super) fn at(&self, i: usize) -> f64 {
        let e = self.below(i);
        match e < self.length && self.column(e) == i {
            true => self.value(e),
            false => 0.0,
        }
    }

    /// Some of the entries.
    #[inline(always)]
    fn part(self, entries: Range<usize>) -> Self {
        assert!(entries.start <= entries.end && entries.end <= self.length);
        let columns =
            with_index!(self.index, J => self.columns.wrapping_add(size_of::<J>() * entries.start));
        Entries {
            columns,
            values: self
                .values
                .wrapping_add(self.coordinates.bytes() * entries.start),
            length: entries.len(),
            ..self
        }
    }

    /// Those in the dimensions `dims`.
    pub(crate) fn within(self, dims: Range<usize>) -> Self {
        let (start, end) = (self.below(dims.start), self.below(dims.end));
        self.part(start..end.max(start))
    }

    /// Calls `take` with each dimension and the coordinate in it, widened.
    #[inline(always)]
    pub(crate) fn each(self, mut take: impl FnMut(usize, f64)) {
        with_index!(self.index, J => with_type!(self.coordinates, C => {
            let (columns, values) = (self.columns.cast::<J>(), self.values.cast::<C>());
            for e in 0..self.length {
                // SAFETY: there are so many columns, and as many values.
                unsafe { take(at(*columns.add(e)), (*values.add(e)).widened()) }
            }
        }))
    }

    /// Takes the first few entries off, for a kernel, which is compiled apart from their types; returns whether there were any.
    #[inline(never)]
    pub(crate) fn unpack(&mut self, to: &mut Unpacked) -> bool {
        to.length = self.length.min(UNPACKED);
        let mut e = 0;
        let (columns, values) = (&mut to.columns[..to.length], &mut to.values[..to.length]);
        self.part(0..to.length).each(|i, x| {
            (columns[e], values[e]) = (i, x);
            e += 1;
        });
        *self = self.part(to.length..self.length);
        to.length > 0
    }

    /// Writes all coordinates of the dimensions `dims`, which begin with `first`, to a row.
    pub(crate) fn write(self, dims: Range<usize>, row: &mut [f64]) {
        let row = &mut row[..dims.len()];
        row.fill(0.0);
        self.within(dims.clone())
            .each(|i, x| row[i - dims.start] = x);
    }

    /// From the first entry on.
    #[inline(always)]
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        let mut cursor = Cursor {
            entries: self,
            e: 0,
            dimension: 0,
        };
        cursor.read();
        cursor
    }

    /// The first entry that satisfies `test`: its dimension.
    pub(crate) fn find(self, test: impl Fn(usize, f64) -> bool) -> Option<usize> {
        let e = (0..self.length).find(|&e| test(self.column(e), self.value(e)))?;
        Some(self.column(e))
    }
}

/// A place among the entries of a row.
pub(crate) struct Cursor<'a> {
    entries: &'a Entries<'a>,
    e: usize,
    dimension: usize,
}

impl Cursor<'_> {
    #[inline(always)]
    fn read(&mut self) {
        self.dimension = match self.e < self.entries.length {
            true => self.entries.column(self.e),
            false => usize::MAX,
        };
    }

    /// The dimension of the next entry; beyond all dimensions after the last one.
    #[inline(always)]
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// The coordinate in dimension `i`, which the next entry is not before; goes on if it is there.
    #[inline(always)]
    pub(crate) fn take(&mut self, i: usize) -> f64 {
        if self.dimension != i {
            return 0.0;
        }
        let x = self.entries.value(self.e);
        self.e += 1;
        self.read();
        x
    }
}
