//! Borrowed views of the caller's points: checked once here, trusted afterwards.

use core::marker::PhantomData;
use core::ops::Range;

use crate::runtime::error::{refuse, Error};

/// The most points in a packed group; blocks are multiples of it.
pub(crate) const GROUP: usize = 8;

/// How points lie in memory.
///
/// ```
/// use centra::{Layout, Points};
///
/// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let rows = Points::with_leading_dimension(&data, 3, 2, 2, Layout::Rows)?;
/// let columns = Points::with_leading_dimension(&data, 3, 2, 3, Layout::Columns)?;
/// assert_eq!((rows.at(1, 0), columns.at(1, 0)), (3.0, 2.0));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Point `p` is `d` contiguous doubles at `p * ld`; `ld >= d`. C's rows, Fortran's `points(d, n)`.
    #[default]
    Rows,
    /// Dimension `i` is `n` contiguous doubles at `i * ld`; `ld >= n`. One array per coordinate.
    Columns,
}

/// `n` points of `d` dimensions in the caller's memory; there may be none.
///
/// Gaps between rows (`ld > d`) or columns (`ld > n`) are never read, so the view holds a pointer
/// and not a slice: in C the gaps may belong to other data.
///
/// ```
/// use centra::Points;
///
/// let points = Points::rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2)?;
/// assert_eq!((points.n(), points.d(), points.at(2, 1)), (3, 2, 6.0));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    base: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    layout: Layout,
    memory: PhantomData<&'a [f64]>,
}

// SAFETY: a `Points` is a shared borrow of plain doubles, as `&[f64]` is; it gives no way to write.
unsafe impl Send for Points<'_> {}
// SAFETY: as above.
unsafe impl Sync for Points<'_> {}

/// Doubles from the first to the last element of a matrix, its trailing gap not counted.
/// `None` when it does not fit the address space.
pub(crate) fn extent(n: usize, d: usize, ld: usize, layout: Layout) -> Option<usize> {
    let (vectors, length) = match layout {
        _ if n == 0 || d == 0 => return Some(0),
        Layout::Rows => (n, d),
        Layout::Columns => (d, n),
    };
    let elements = (vectors - 1).checked_mul(ld)?.checked_add(length)?;
    (elements <= isize::MAX as usize / size_of::<f64>()).then_some(elements)
}

/// Checks what every call requires of its sizes, before any other check. n may be less than k, and 0.
pub(crate) fn check_sizes(n: usize, d: usize, k: usize) -> Result<(), Error> {
    if d == 0 || k == 0 {
        return refuse!(Shape, "d = {d}, k = {k}: neither may be zero");
    }
    check_k(k)?;
    for (name, rows) in [('n', n), ('k', k)] {
        if extent(rows, d, d, Layout::Rows).is_none() {
            return refuse!(
                Shape,
                "{name} * d = {rows} * {d} doubles do not fit the address space"
            );
        }
    }
    // Exact sums need n * 2^22 to fit 62 bits.
    if n > 1 << 40 {
        return refuse!(Shape, "n = {n} is more than 2^40");
    }
    Ok(())
}

/// Checks the number of centers alone.
pub(crate) fn check_k(k: usize) -> Result<(), Error> {
    match k {
        0 => refuse!(Shape, "k = 0: it must be positive"),
        _ if k > i32::MAX as usize => refuse!(Shape, "k = {k} is more than 2147483647"),
        _ => Ok(()),
    }
}

/// The same for calls that compute centers from points alone: k <= n.
pub(crate) fn check_sizes_of_fit(n: usize, d: usize, k: usize) -> Result<(), Error> {
    if n == 0 || d == 0 || k == 0 {
        return refuse!(Shape, "n = {n}, d = {d}, k = {k}: none may be zero");
    }
    if k > n {
        return refuse!(Shape, "k = {k} is more than n = {n}");
    }
    check_sizes(n, d, k)
}

/// Checks a leading dimension against the layout; without points any is allowed.
pub(crate) fn check_leading_dimension(
    n: usize,
    d: usize,
    ld: usize,
    layout: Layout,
) -> Result<(), Error> {
    let (least, name) = match layout {
        _ if n == 0 => return Ok(()),
        Layout::Rows => (d, 'd'),
        Layout::Columns => (n, 'n'),
    };
    if ld < least {
        return refuse!(Shape, "ld = {ld} is less than {name} = {least}");
    }
    if extent(n, d, ld, layout).is_none() {
        return refuse!(Shape, "ld = {ld}: the points do not fit the address space");
    }
    Ok(())
}

impl<'a> Points<'a> {
    /// `n` contiguous rows of `d` doubles.
    ///
    /// ```
    /// let points = centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert_eq!(points.at(1, 0), 3.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn rows(data: &'a [f64], n: usize, d: usize) -> Result<Self, Error> {
        Self::with_leading_dimension(data, n, d, d, Layout::Rows)
    }

    /// `d` contiguous columns of `n` doubles.
    ///
    /// ```
    /// let points = centra::Points::columns(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert_eq!(points.at(1, 0), 2.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn columns(data: &'a [f64], n: usize, d: usize) -> Result<Self, Error> {
        Self::with_leading_dimension(data, n, d, n, Layout::Columns)
    }

    /// Rows or columns that start `ld` doubles apart.
    ///
    /// ```
    /// use centra::{Layout, Points};
    ///
    /// // Rows of two coordinates, and something else after each.
    /// let table = [1.0, 2.0, f64::NAN, 3.0, 4.0, f64::NAN];
    /// let points = Points::with_leading_dimension(&table, 2, 2, 3, Layout::Rows)?;
    /// assert_eq!(points.at(1, 1), 4.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn with_leading_dimension(
        data: &'a [f64],
        n: usize,
        d: usize,
        ld: usize,
        layout: Layout,
    ) -> Result<Self, Error> {
        check_sizes(n, d, 1)?;
        check_leading_dimension(n, d, ld, layout)?;
        match extent(n, d, ld, layout) {
            Some(needed) if needed <= data.len() => {}
            _ => {
                let length = data.len();
                return refuse!(
                    Shape,
                    "points: {length} doubles are too few for n = {n}, d = {d}, ld = {ld}"
                );
            }
        }
        // SAFETY: the slice is live for 'a and holds the whole extent.
        Ok(unsafe { Self::from_raw(data.as_ptr(), n, d, ld, layout) })
    }

    /// A view of memory that the caller of the C API vouches for.
    ///
    /// # Safety
    /// The sizes passed [`check_sizes`] and [`check_leading_dimension`]; `base` is aligned and not null, and every
    /// row (or column) of the matrix is readable and unchanged for `'a`. Gaps may be anything.
    pub(crate) unsafe fn from_raw(
        base: *const f64,
        n: usize,
        d: usize,
        ld: usize,
        layout: Layout,
    ) -> Self {
        Points {
            base,
            n,
            d,
            ld,
            layout,
            memory: PhantomData,
        }
    }

    /// The number of points.
    ///
    /// ```
    /// assert_eq!(centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 2, 2)?.n(), 2);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The number of dimensions.
    ///
    /// ```
    /// assert_eq!(centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 1, 4)?.d(), 4);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn d(&self) -> usize {
        self.d
    }

    /// How the points lie in memory.
    ///
    /// ```
    /// use centra::{Layout, Points};
    ///
    /// assert_eq!(Points::columns(&[1.0, 2.0], 2, 1)?.layout(), Layout::Columns);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Coordinate `i` of point `p`.
    ///
    /// # Panics
    /// If there is no such point, or no such dimension.
    ///
    /// ```
    /// assert_eq!(centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 2, 2)?.at(1, 0), 3.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn at(&self, p: usize, i: usize) -> f64 {
        assert!(p < self.n && i < self.d);
        let offset = match self.layout {
            Layout::Rows => p * self.ld + i,
            Layout::Columns => i * self.ld + p,
        };
        // SAFETY: p < n and i < d, so the offset lies in a row (column) that the constructor's
        // contract made readable.
        unsafe { *self.base.add(offset) }
    }

    /// Point `p` when points are rows.
    #[inline(always)]
    pub(crate) fn row(&self, p: usize) -> &'a [f64] {
        assert!(p < self.n && self.layout == Layout::Rows);
        // SAFETY: row p < n is d readable doubles at p * ld by the constructor's contract.
        unsafe { core::slice::from_raw_parts(self.base.add(p * self.ld), self.d) }
    }

    /// All coordinates of the points `block`, if they are rows without gaps and the block is inside the data.
    #[inline(always)]
    pub(crate) fn run(&self, block: Range<usize>) -> Option<&'a [f64]> {
        if self.layout != Layout::Rows || self.ld != self.d || block.end > self.n {
            return None;
        }
        // SAFETY: rows of d doubles follow each other without a gap, and all rows of the block are inside the matrix.
        Some(unsafe {
            let start = self.base.add(block.start * self.d);
            core::slice::from_raw_parts(start, block.len() * self.d)
        })
    }

    /// Where the dimensions `dims` of the points `block` lie, if points are rows: the start, the bytes from row to row, the number of
    /// rows, and the bytes in one. Points beyond the last are left out. Rows without gaps count as one long row.
    pub(crate) fn strided_rows(
        &self,
        block: Range<usize>,
        dims: Range<usize>,
    ) -> (*const u8, usize, usize, usize) {
        let rows = block.end.min(self.n).saturating_sub(block.start);
        if self.layout != Layout::Rows || rows == 0 {
            return (self.base.cast(), 0, 0, 0);
        }
        let start = self.base.wrapping_add(block.start * self.ld + dims.start);
        let (row, stride) = (8 * dims.len(), 8 * self.ld);
        match row == stride {
            true => (start.cast(), 0, 1, rows * row),
            false => (start.cast(), stride, rows, row),
        }
    }

    /// The points `block` of dimension `i` when points are columns.
    #[inline(always)]
    pub(crate) fn column(&self, i: usize, block: Range<usize>) -> &'a [f64] {
        assert!(i < self.d && block.end <= self.n && self.layout == Layout::Columns);
        // SAFETY: the range lies in column i < d, which is n readable doubles at i * ld.
        unsafe {
            core::slice::from_raw_parts(self.base.add(i * self.ld + block.start), block.len())
        }
    }

    /// Copies point `p` to `row`.
    pub(crate) fn copy_point(&self, p: usize, row: &mut [f64]) {
        match self.layout {
            Layout::Rows => row.copy_from_slice(self.row(p)),
            Layout::Columns => {
                for (i, x) in row.iter_mut().enumerate() {
                    *x = self.at(p, i);
                }
            }
        }
    }

    /// A block of rows without gaps as fewer, longer rows of [`GROUP`] points each, and the remaining points as rows of one
    /// point; `None` if there are gaps, or a long row would exceed `most` doubles.
    pub(crate) fn flat_rows(
        &self,
        block: &Range<usize>,
        most: usize,
    ) -> Option<(Rows<'a>, Option<Rows<'a>>)> {
        let long = self.d.checked_mul(GROUP)?;
        if long > most || block.len() < GROUP {
            return None;
        }
        let flat = self.run(block.clone())?;
        let (whole, rest) = flat.split_at(flat.len() - flat.len() % long);
        let rest = (!rest.is_empty()).then(|| Rows::new(rest, self.d));
        Some((Rows::new(whole, long), rest))
    }

    /// The dimensions `dims` of the points `block` as rows, for kernels that hold dimensions in
    /// lanes: the memory of the caller if points are rows, else a copy in `rows`.
    pub(crate) fn block_rows<'b>(
        &self,
        block: Range<usize>,
        dims: Range<usize>,
        rows: &'b mut [f64],
    ) -> Rows<'b>
    where
        'a: 'b,
    {
        assert!(block.end <= self.n && dims.end <= self.d && !block.is_empty() && !dims.is_empty());
        match self.layout {
            Layout::Rows => Rows {
                // SAFETY: the offset lies inside row block.start < n.
                base: unsafe { self.base.add(block.start * self.ld + dims.start) },
                stride: self.ld,
                count: block.len(),
                dims: dims.len(),
                memory: PhantomData,
            },
            Layout::Columns => {
                let width = dims.len();
                let rows = &mut rows[..block.len() * width];
                for (c, i) in dims.enumerate() {
                    for (p, &x) in self.column(i, block.clone()).iter().enumerate() {
                        rows[p * width + c] = x;
                    }
                }
                Rows::new(rows, width)
            }
        }
    }
}

/// A few points as rows: `count` rows of `dims` doubles, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    base: *const f64,
    stride: usize,
    count: usize,
    dims: usize,
    memory: PhantomData<&'a [f64]>,
}

impl<'a> Rows<'a> {
    /// Contiguous rows of `dims` doubles.
    pub(crate) fn new(rows: &'a [f64], dims: usize) -> Self {
        Rows {
            base: rows.as_ptr(),
            stride: dims,
            count: rows.len() / dims,
            dims,
            memory: PhantomData,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn dims(&self) -> usize {
        self.dims
    }

    /// The start of row `p`, `dims` readable doubles.
    #[inline(always)]
    pub(crate) fn row(&self, p: usize) -> &'a [f64] {
        assert!(p < self.count);
        // SAFETY: constructors made `count` rows of `dims` doubles readable at this stride.
        unsafe { core::slice::from_raw_parts(self.base.add(p * self.stride), self.dims) }
    }
}
