//! What the coordinates of points are like: their magnitudes and lowest bits, and whether all are finite.

use core::ops::Range;

use super::range::lowest_bit;
use crate::call::{padded, Job};
use crate::points::{Layout, Points, Rows};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::Cut;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Dimensions whose observations fit on the stack.
pub(crate) const STACK: usize = 64;

/// Coordinates copied to the stack at a time when points are not rows of doubles.
pub(crate) const COPIED: usize = 2048;

/// Storage on the stack for [`STACK`] dimensions.
pub(crate) type OnStack = [f64; 4 * STACK];

pub(crate) fn on_stack() -> OnStack {
    [0.0; 4 * STACK]
}

/// Storage for all of d dimensions.
pub(crate) fn storage<'w>(from: &mut impl Cut<'w>, d: usize) -> &'w mut [f64] {
    from.take(padded(d).saturating_mul(4).max(4 * STACK))
}

/// What one thread has observed of a slab of dimensions, each field with an element for each dimension.
pub(crate) struct Observed<'a> {
    /// Largest magnitude of a coordinate.
    pub(crate) magnitude: &'a mut [f64],
    /// With weights: largest magnitude of a coordinate of a point of positive weight.
    pub(crate) top: &'a mut [f64],
    /// Lowest bit of a coordinate of a point of positive weight.
    pub(crate) low: &'a mut [f64],
    /// +0 while all coordinates are finite, else NaN: 0 times infinity is NaN, and a NaN stays in a sum.
    /// (A maximum does not keep a NaN once a number follows.)
    pub(crate) not_finite: &'a mut [f64],
}

impl<'a> Observed<'a> {
    /// The observations that storage holds already.
    pub(crate) fn view(storage: &'a mut [f64]) -> Self {
        let (first, second) = storage.split_at_mut(storage.len() / 2);
        let (magnitude, top) = first.split_at_mut(first.len() / 2);
        let (low, not_finite) = second.split_at_mut(second.len() / 2);
        Observed {
            magnitude,
            top,
            low,
            not_finite,
        }
    }

    /// Storage before anything is observed.
    pub(crate) fn new(storage: &'a mut [f64]) -> Self {
        let observed = Self::view(storage);
        observed.magnitude.fill(0.0);
        observed.top.fill(0.0);
        observed.low.fill(f64::INFINITY);
        observed.not_finite.fill(0.0);
        observed
    }

    /// The number of dimensions that fit the storage, a multiple of 8.
    pub(crate) fn room(&self) -> usize {
        self.magnitude.len()
    }

    /// Adds what another thread has observed of its dimension `from` to dimension `to`.
    fn widen(&mut self, other: &Observed<'_>, from: usize, to: usize) {
        self.magnitude[to] = self.magnitude[to].max(other.magnitude[from]);
        self.top[to] = self.top[to].max(other.top[from]);
        self.low[to] = self.low[to].min(other.low[from]);
        self.not_finite[to] += other.not_finite[from];
    }
}

/// Adds `rows` to what was observed.
fn observe_rows(
    level: Level,
    rows: Rows<'_>,
    weights: Option<&[f64]>,
    observed: &mut Observed<'_>,
) {
    let all = [
        &observed.magnitude,
        &observed.top,
        &observed.low,
        &observed.not_finite,
    ];
    assert!(all.iter().all(|of| of.len() >= padded(rows.dims())));
    assert!(weights.is_none_or(|weights| weights.len() >= rows.count()));
    level.run(Observe {
        rows,
        weights,
        observed,
    });
}

/// There is storage for the dimensions of the rows, rounded up to whole vectors, and a weight for each row, if there are any.
struct Observe<'a, 'b> {
    rows: Rows<'a>,
    weights: Option<&'a [f64]>,
    observed: &'a mut Observed<'b>,
}

/// Dimensions in lanes.
impl Kernel for Observe<'_, '_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Observe {
            rows,
            weights,
            observed,
        } = self;
        let d = rows.dims();
        // The pointers are read once, and not again after each store.
        let (magnitude, top) = (observed.magnitude.as_mut_ptr(), observed.top.as_mut_ptr());
        let (low, not_finite) = (observed.low.as_mut_ptr(), observed.not_finite.as_mut_ptr());
        for p in 0..rows.count() {
            let row = rows.row(p).as_ptr();
            let mut i = 0;
            while i < d {
                // SAFETY: the caller is compiled for the lanes. Loads of a row stay below d, the last one partial; i is a
                // multiple of WIDTH, and the arrays have room for whole vectors (`observe_rows`).
                unsafe {
                    let x = I::Lanes::load_rest(row.add(i), d - i);
                    let not_finite = not_finite.add(i);
                    I::Lanes::store(
                        not_finite,
                        I::Lanes::add(
                            I::Lanes::load(not_finite),
                            I::Lanes::mul(x, I::Lanes::splat(0.0)),
                        ),
                    );
                    let magnitude = magnitude.add(i);
                    I::Lanes::store(
                        magnitude,
                        I::Lanes::max(I::Lanes::abs(x), I::Lanes::load(magnitude)),
                    );
                    let mut term = I::Lanes::abs(x);
                    if let Some(weights) = weights {
                        let positive = *weights.get_unchecked(p) > 0.0;
                        term = I::Lanes::mul(term, I::Lanes::splat(f64::from(u8::from(positive))));
                        let top = top.add(i);
                        I::Lanes::store(top, I::Lanes::max(term, I::Lanes::load(top)));
                    }
                    let low = low.add(i);
                    I::Lanes::store(
                        low,
                        I::Lanes::min(I::Lanes::lowest_bit(term), I::Lanes::load(low)),
                    );
                }
                i += I::Lanes::WIDTH;
            }
        }
    }
}

/// Widens the magnitudes of the dimensions `dims` by those of other rows, of which there is one at least; returns whether all of them are
/// finite.
pub(crate) fn widen_magnitudes(
    level: Level,
    rows: &Points<'_>,
    dims: Range<usize>,
    magnitude: &mut [f64],
) -> bool {
    let rows = rows.rows_of::<f64>(0..rows.n(), dims);
    // Few dimensions would leave most lanes empty, as in `observe_some`.
    let Some((whole, rest)) = rows.flat(STACK) else {
        return widen_by_rows(level, rows, magnitude);
    };
    let mut flat = [0.0; STACK];
    let finite = widen_by_rows(level, whole, &mut flat);
    for (i, m) in flat[..whole.dims()].iter().enumerate() {
        let widened = &mut magnitude[i % rows.dims()];
        *widened = widened.max(*m);
    }
    rest.is_none_or(|rest| widen_by_rows(level, rest, magnitude)) && finite
}

fn widen_by_rows(level: Level, rows: Rows<'_>, magnitude: &mut [f64]) -> bool {
    assert!(magnitude.len() >= padded(rows.dims()));
    level.run(WidenMagnitudes { rows, magnitude })
}

/// There is a magnitude for each dimension of the rows, rounded up to whole vectors.
struct WidenMagnitudes<'a> {
    rows: Rows<'a>,
    magnitude: &'a mut [f64],
}

/// Dimensions in lanes.
impl Kernel for WidenMagnitudes<'_> {
    type Out = bool;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> bool {
        let d = self.rows.dims();
        let magnitude = self.magnitude.as_mut_ptr();
        // SAFETY: the caller is compiled for the lanes. Loads of a row stay below d, the last one partial; i is a multiple of WIDTH, and
        // the magnitudes have room for whole vectors (`widen_by_rows`).
        unsafe {
            // +0 while all coordinates are finite, else NaN, in two sums, so that additions need not wait for each other.
            let mut not_finite = [I::Lanes::splat(0.0); 2];
            for p in 0..self.rows.count() {
                let row = self.rows.row(p).as_ptr();
                let mut i = 0;
                while i < d {
                    for sum in &mut not_finite {
                        if i >= d {
                            break;
                        }
                        let x = I::Lanes::load_rest(row.add(i), d - i);
                        *sum = I::Lanes::add(*sum, I::Lanes::mul(x, I::Lanes::splat(0.0)));
                        let m = magnitude.add(i);
                        I::Lanes::store(m, I::Lanes::max(I::Lanes::abs(x), I::Lanes::load(m)));
                        i += I::Lanes::WIDTH;
                    }
                }
            }
            let mut sums = [0.0; 8];
            let [a, b] = not_finite;
            I::Lanes::store(sums.as_mut_ptr(), I::Lanes::add(a, b));
            sums.iter().all(|&sum| sum == 0.0)
        }
    }
}

/// Observes the dimensions `dims` of all points; the result is in the storage of the first thread.
pub(crate) fn observe<'a, B: AsMut<[f64]> + Send>(
    job: &Job<'_>,
    dims: Range<usize>,
    storage: &'a mut PerThread<B>,
) -> Observed<'a> {
    for storage in storage.iter_mut() {
        Observed::new(storage.as_mut());
    }
    job.crew.run(job.blocks(), storage, |storage, block| {
        observe_block(
            job,
            dims.clone(),
            block,
            &mut Observed::view(storage.as_mut()),
        );
    });
    let (first, others) = storage.split();
    let mut first = Observed::view(first.as_mut());
    for other in others {
        let other = Observed::view(other.as_mut());
        for i in 0..first.room() {
            first.widen(&other, i, i);
        }
    }
    first
}

/// Observes the dimensions `dims` of one block.
pub(crate) fn observe_block(
    job: &Job<'_>,
    dims: Range<usize>,
    block: Range<usize>,
    observed: &mut Observed<'_>,
) {
    if job.points.form().is_rows_of_doubles() {
        let rows = job.points.rows_of(block.clone(), dims);
        observe_some(job.level, rows, job.weights_of(&block), observed);
        return;
    }
    if job.points.form().is_csr() {
        return observe_entries(job, dims, block, observed);
    }
    // Other points are copied to the stack as rows.
    let mut copy = [0.0; COPIED];
    if job.points.layout() == Layout::Rows && dims.len() <= COPIED {
        let take = |part, rows: Rows<'_>| {
            observe_some(job.level, rows, job.weights_of(&part), observed);
        };
        return job
            .points
            .each_rows(job.level, block, dims, &mut copy, take);
    }
    // A few dimensions at a time.
    let mut storage = on_stack();
    for first in dims.clone().step_by(STACK) {
        let few = first..(first + STACK).min(dims.end);
        let mut slab = Observed::new(&mut storage);
        let take = |part, rows: Rows<'_>| {
            observe_some(job.level, rows, job.weights_of(&part), &mut slab);
        };
        let (level, block) = (job.level, block.clone());
        job.points
            .each_rows(level, block, few.clone(), &mut copy, take);
        for (c, i) in few.enumerate() {
            observed.widen(&slab, c, i - dims.start);
        }
    }
}

/// Observes sparse rows: zeros would change nothing.
fn observe_entries(
    job: &Job<'_>,
    dims: Range<usize>,
    block: Range<usize>,
    observed: &mut Observed<'_>,
) {
    let weighted = job.weights.is_some();
    for p in block {
        let counts = job.counts(p);
        job.points.entries(p).within(dims.clone()).each(|i, x| {
            let (c, magnitude) = (i - dims.start, x.abs());
            observed.not_finite[c] += x * 0.0;
            observed.magnitude[c] = observed.magnitude[c].max(magnitude);
            if counts && magnitude > 0.0 {
                if weighted {
                    observed.top[c] = observed.top[c].max(magnitude);
                }
                observed.low[c] = observed.low[c].min(lowest_bit(magnitude));
            }
        });
    }
}

/// Observes rows.
fn observe_some(
    level: Level,
    rows: Rows<'_>,
    weights: Option<&[f64]>,
    observed: &mut Observed<'_>,
) {
    let (None, Some((whole, rest))) = (weights, rows.flat(STACK)) else {
        return observe_rows(level, rows, weights, observed);
    };
    // Few dimensions would leave most lanes empty. Rows without gaps are read as rows of several points each: each of their
    // columns belongs to one dimension.
    let mut flat = on_stack();
    let mut flat = Observed::new(&mut flat);
    observe_rows(level, whole, None, &mut flat);
    for i in 0..whole.dims() {
        observed.widen(&flat, i, i % rows.dims());
    }
    if let Some(rest) = rest {
        observe_rows(level, rest, None, observed);
    }
}
