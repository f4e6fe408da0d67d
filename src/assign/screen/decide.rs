//! The open points of a group, decided by D among the centers within their error bounds.

use super::input::{ScreenInput, WIDEST};
use super::test::Test;
use core::marker::PhantomData;

use crate::assign::panel::Receive;
use crate::exact::distance::{pair, squared_at};
use crate::points::{Ahead, Points, LINE};
use crate::simd::products::{Element, Screen};
use crate::simd::Lanes;

/// Lines of each row that are requested before it is read; the CPU sees the rest of them coming.
pub(super) const LINES_AHEAD: usize = 4;

/// Requests the rows of the points of the `lanes`, as far as they are rows.
#[inline(always)]
pub(super) fn prefetch_rows(points: &Points<'_>, chosen: &[usize; WIDEST], mut lanes: u32) {
    let dims = 0..points
        .d()
        .min(LINES_AHEAD * LINE / points.coordinates().bytes());
    while lanes != 0 {
        let p = chosen[lanes.trailing_zeros() as usize];
        lanes &= lanes - 1;
        Ahead::of(points, p..p + 1, dims.clone()).ask(LINES_AHEAD);
    }
}

/// Evaluates D for the centers within the error bound, and keeps the first of the least.
pub(super) struct Decide<'a, S: Screen> {
    pub(super) points: Points<'a>,
    pub(super) centers: &'a [f64],
    /// The points of the lanes, and which of them are to be decided.
    pub(super) chosen: [usize; WIDEST],
    pub(super) lanes: u32,
    /// The least value plus the error bound.
    pub(super) limit: S::V,
    pub(super) distance: [f64; WIDEST],
    pub(super) label: [i32; WIDEST],
    /// Distances that may yet be evaluated for each lane, and lanes for which they were too few.
    pub(super) evaluations_left: [u32; WIDEST],
    pub(super) undecided: u32,
    pub(super) evaluated: usize,
}

impl<'a, S: Screen> Decide<'a, S> {
    #[inline(always)]
    pub(super) fn new<F>(
        input: &ScreenInput<'a, S::E, F>,
        chosen: [usize; WIDEST],
        lanes: u32,
        limit: S::V,
        most_evaluated: u32,
    ) -> Self {
        Decide {
            points: input.points,
            centers: input.centers,
            chosen,
            lanes,
            limit,
            evaluations_left: [most_evaluated; WIDEST],
            undecided: 0,
            distance: [f64::INFINITY; WIDEST],
            label: [-1; WIDEST],
            evaluated: 0,
        }
    }

    /// Considers the centers that had the least values `before` those that come now, whatever their values are.
    ///
    /// # Safety
    /// The caller is compiled for `L`; the labels of the lanes are of centers.
    #[inline(always)]
    pub(super) unsafe fn recall<L: Lanes>(&mut self, before: &[i32; WIDEST]) {
        let mut lanes = self.lanes;
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            // SAFETY: the contract above.
            unsafe { self.evaluate::<L>(l, before[l]) };
        }
    }

    /// Evaluates D for the center of the least value of each lane, and lowers the limits to what may still be nearer: with
    /// one error known, only the other's is left of the error bound.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; the labels are of centers.
    #[inline(always)]
    pub(super) unsafe fn tighten<L: Lanes, F: Test<S::E>>(
        &mut self,
        test: &F,
        labels: &[i32],
        error_bounds: &[S::E],
        squares: &[f64],
    ) {
        let mut limits = [S::E::INFINITY; WIDEST];
        let mut lanes = self.lanes;
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            // SAFETY: the contract above.
            let distance = unsafe { self.evaluate::<L>(l, labels[l]) };
            if let Some(limit) = test.limit(distance, squares[l], error_bounds[l]) {
                limits[l] = limit;
            }
        }
        // SAFETY: the contract above.
        self.limit = unsafe { S::min(self.limit, S::load(limits.as_ptr())) };
    }

    /// D of lane `l` and center `j`, which is kept, if it is the first of the least.
    ///
    /// # Safety
    /// The caller is compiled for `L`.
    #[inline(always)]
    pub(super) unsafe fn evaluate<L: Lanes>(&mut self, l: usize, j: i32) -> f64 {
        if self.label[l] == j {
            return self.distance[l];
        }
        // SAFETY: the contract above.
        let distance = unsafe { self.distance::<L>(l, j as usize) };
        let first = distance == self.distance[l] && j < self.label[l];
        if distance < self.distance[l] || first || self.label[l] < 0 {
            (self.distance[l], self.label[l]) = (distance, j);
        }
        distance
    }

    /// D of lane `l` and center `j`.
    ///
    /// # Safety
    /// The caller is compiled for `L`.
    #[inline(always)]
    pub(super) unsafe fn distance<L: Lanes>(&mut self, l: usize, j: usize) -> f64 {
        self.evaluated += 1;
        let (p, d) = (self.chosen[l], self.points.d());
        let center = &self.centers[j * d..][..d];
        match self.points.form().is_rows_of_doubles() {
            // SAFETY: the contract above; the row and the center are d doubles.
            true => unsafe { pair::<L, f64>(self.points.row(p).as_ptr(), center.as_ptr(), d) },
            false => squared_at(&self.points, p, center),
        }
    }

    /// Center `j`, whose values for the lanes these are.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; `j` is a center.
    #[inline(always)]
    pub(super) unsafe fn consider<L: Lanes>(&mut self, j: usize, value: S::V) {
        // SAFETY: the contract above; the chosen points exist.
        unsafe {
            let mut within = S::not_greater(value, self.limit) & self.lanes;
            while within != 0 {
                let l = within.trailing_zeros() as usize;
                within &= within - 1;
                // The one of the least value may be known already.
                if self.label[l] == j as i32 {
                    continue;
                }
                if self.evaluations_left[l] == 0 {
                    self.lanes &= !(1 << l);
                    self.undecided |= 1 << l;
                    continue;
                }
                self.evaluations_left[l] -= 1;
                self.evaluate::<L>(l, j as i32);
            }
        }
    }

    /// Calls `take` with each of some lanes and its label.
    #[inline(always)]
    pub(super) fn each(&self, mut lanes: u32, mut take: impl FnMut(usize, i32)) {
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            take(l, self.label[l]);
        }
    }
}

/// [`Decide`] as the receiver of a sweep.
pub(super) struct Deciding<'a, L: Lanes, S: Screen> {
    pub(super) decide: Decide<'a, S>,
    pub(super) lanes: PhantomData<L>,
}

impl<L: Lanes, S: Screen> Receive<S, 1> for Deciding<'_, L, S> {
    #[inline(always)]
    unsafe fn receive(&mut self, j: usize, values: &[S::V; 1]) {
        // SAFETY: the caller is compiled for `L` and `S`; j is a center.
        unsafe { self.decide.consider::<L>(j, values[0]) }
    }
}
