//! Screening: labels are proven in a working precision, and the rest are decided by D.
//!
//! The first test keeps the least and the second least value of every point. A gap wider than the point's error bound proves the
//! label (L2 to L5, L16). For the points that stay open, a second test finds the few centers within
//! the error bound of the least, and evaluates D for these alone. Where these are so many that it takes less to evaluate D for all
//! centers, several points side by side, the point is left to `label`, which does that.
//!
//! Three groups of points, or two, are compared with all centers at a time. Where there are many dimensions, the points are packed
//! chunk of dimensions by chunk, the values of the centers for these few points are kept from chunk to chunk, and the second
//! test reads them. Of very many centers, those of one part after the other are kept: after each part, the second test
//! decides among the centers so far. Where there are few dimensions, a few more points are packed at a time; keeping values would
//! cost more than evaluating them once more, and the open points of a block are packed into full groups again.

mod decide;
mod input;
mod nearest;
mod sweeps;
mod test;

use core::marker::PhantomData;
use core::ops::Range;

pub(crate) use input::{tile, values, ScreenInput, ScreenResult, ScreenScratch};
pub(crate) use test::{Test, Tile};

use super::panel::{arranges, few, hold_all, sweep, Sweep, GROUPS};
use crate::points::Which;
use crate::simd::products::{elements, Element, Screen};
use crate::simd::{Capability, InstructionSet, Kernel, Lanes, Level, ScreenKernel, Vectorized};
use decide::{prefetch_rows, Decide, Deciding};
use input::{keeps, AT_A_TIME, KEPT, PACKED, WIDEST};
use nearest::Nearest;
use sweeps::Screening;

/// Labels the points `which`, a group of lanes at a time, by vectors that the level has. The panels are those of `centers`.
pub(super) fn screen<E: Element + Vectorized, F: Test<E>>(
    level: Level,
    input: &ScreenInput<'_, E, F>,
    which: &Which<'_>,
    scratch: &mut ScreenScratch<'_, E>,
) -> ScreenResult {
    let Some(vectors) = level.vectors::<E>() else {
        unreachable!("centers are packed for vectors that the level has")
    };
    input.check(which, scratch, vectors.width);
    input.test.check(&input.points, which);
    let mut screening = Screening {
        input,
        which,
        count: which.len(),
        ahead: input.test.ahead(&input.points, scratch.next.clone()),
        scratch,
        squares: [0.0; AT_A_TIME],
        again: 0,
        result: ScreenResult::default(),
    };
    // Kernels of their own, because a compiler takes longer than twice as long for one that is twice as large.
    if keeps::<E>(input.points.d()) {
        let several = TestGroups::<_, _, true>(&mut screening, 0);
        let lane = level.run(several).unwrap_or_default();
        level.run(TestGroups::<_, _, false>(&mut screening, lane));
        screening.result
    } else {
        level.run(TestFew(screening)).unwrap_or_default()
    }
}

/// Points of few dimensions are screened. The input and the scratch have passed [`ScreenInput::check`] and [`Test::check`].
///
/// Their state is the kernel's own: by reference, fits of 16 dimensions took 1.4 times as long.
struct TestFew<'a, 'b, E, F>(Screening<'a, 'b, E, F>);

impl<E: Element + Vectorized, F: Test<E>> Kernel for TestFew<'_, '_, E, F> {
    type Out = Option<ScreenResult>;
    const PRODUCTS: bool = E::PRODUCTS;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<ScreenResult> {
        // SAFETY: the contract.
        unsafe { E::Vectors::<I>::run::<I::Lanes, _>(self) }
    }
}

impl<E: Element, F: Test<E>> ScreenKernel<E> for TestFew<'_, '_, E, F> {
    type Out = ScreenResult;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = E>>(self) -> ScreenResult {
        // Points are packed by the lanes, one vector or two of these to a group.
        const { assert!(S::WIDTH == L::WIDTH || S::WIDTH == 2 * L::WIDTH) }
        assert!(
            !arranges::<S>(),
            "groups of few dimensions are not arranged"
        );
        let mut screening = self.0;
        // SAFETY: the caller is compiled for the vectors; `screen` has checked the lengths.
        unsafe {
            if few(elements::<E>(screening.input.points.d())) {
                screening.test_all_packed::<L, S, GROUPS, true>();
            } else if const { hold_all(S::REGISTERS) } {
                screening.test_all_packed::<L, S, GROUPS, false>();
            } else {
                screening.test_all_packed::<L, S, 2, false>();
            }
            screening.test_again::<L, S>();
        }
        screening.result
    }
}

/// Points of many dimensions are screened from a lane on: `SEVERAL` groups at a time, as long as there are so many, or the rest, one group at a
/// time. The input and the scratch have passed [`ScreenInput::check`] and [`Test::check`].
struct TestGroups<'s, 'a, 'b, E, F, const SEVERAL: bool>(&'s mut Screening<'a, 'b, E, F>, usize);

impl<E: Element + Vectorized, F: Test<E>, const SEVERAL: bool> Kernel
    for TestGroups<'_, '_, '_, E, F, SEVERAL>
{
    /// The first lane that is left.
    type Out = Option<usize>;
    const PRODUCTS: bool = E::PRODUCTS;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<usize> {
        // SAFETY: the contract.
        unsafe { E::Vectors::<I>::run::<I::Lanes, _>(self) }
    }
}

impl<E: Element, F: Test<E>, const SEVERAL: bool> ScreenKernel<E>
    for TestGroups<'_, '_, '_, E, F, SEVERAL>
{
    type Out = usize;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = E>>(self) -> usize {
        const { assert!(S::WIDTH == L::WIDTH || S::WIDTH == 2 * L::WIDTH) }
        let TestGroups(screening, lane) = self;
        // SAFETY: the caller is compiled for the vectors; `screen` has checked the lengths.
        unsafe {
            if !SEVERAL {
                screening.test_groups_from::<L, S, 1>(lane)
            } else if const { hold_all(S::REGISTERS) } {
                screening.test_groups_from::<L, S, GROUPS>(lane)
            } else {
                screening.test_groups_from::<L, S, 2>(lane)
            }
        }
    }
}

impl<E: Element, F: Test<E>> Screening<'_, '_, E, F> {
    /// The first test of all points, which are of few dimensions, `G` groups at a time and then one: of so few elements that they stay in registers, or
    /// of more.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`, and the lengths have been checked.
    #[inline(always)]
    unsafe fn test_all_packed<L: Lanes, S: Screen<E = E>, const G: usize, const FEW: bool>(
        &mut self,
    ) {
        let count = self.count;
        // SAFETY: the contract above. The last group of lanes may not be full; a tile has room for so many points of few dimensions.
        unsafe {
            for start in (0..count).step_by(PACKED) {
                let end = count.min(start + PACKED);
                self.pack::<L, S>(start..end);
                let mut lane = start;
                while lane + G * S::WIDTH <= end.next_multiple_of(S::WIDTH) {
                    self.test_packed::<S, G, FEW>(lane, lane - start);
                    lane += G * S::WIDTH;
                }
                while lane < end {
                    self.test_packed::<S, 1, FEW>(lane, lane - start);
                    lane += S::WIDTH;
                }
            }
        }
    }

    /// The tests of points of many dimensions from a lane on, `G` groups at a time as long as there are so many; returns the first lane that is left.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`, and the lengths have been checked.
    #[inline(always)]
    unsafe fn test_groups_from<L: Lanes, S: Screen<E = E>, const G: usize>(
        &mut self,
        mut lane: usize,
    ) -> usize {
        let end = self.count.next_multiple_of(S::WIDTH);
        while lane + G * S::WIDTH <= end {
            // SAFETY: the contract above. The last group may not be full.
            unsafe {
                self.test_groups::<L, S, G>(lane);
            }
            lane += G * S::WIDTH;
        }
        lane
    }

    /// The first test of `G` groups of few dimensions, which are in the tile from `place` on.
    ///
    /// # Safety
    /// The caller is compiled for `S`; there are these `G` groups from `lane` on.
    #[inline(always)]
    unsafe fn test_packed<S: Screen<E = E>, const G: usize, const FEW: bool>(
        &mut self,
        lane: usize,
        place: usize,
    ) {
        // SAFETY: the contract above.
        unsafe {
            let mut nearest = Nearest::<S, G>::new();
            self.sweep_packed::<S, G, FEW>(place, &mut nearest);
            for g in 0..G {
                self.record_open::<S, G>(lane + g * S::WIDTH, g, &nearest);
            }
        }
    }

    /// The first test of `G` groups of many dimensions, and the second by the values that are kept.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; there are these `G` groups from `lane` on.
    #[inline(always)]
    unsafe fn test_groups<L: Lanes, S: Screen<E = E>, const G: usize>(&mut self, lane: usize) {
        // SAFETY: the contract above.
        unsafe {
            let mut nearest = Nearest::<S, G>::new();
            let k = self.input.panels.count();
            // A constant array of `None` would be copied whole, and a decision is large.
            let mut deciding = core::array::from_fn::<_, G, _>(|_| None);
            for first in (0..k).step_by(KEPT) {
                let centers = first..k.min(first + KEPT);
                self.sweep_chunks::<L, S, G>(lane, centers.clone(), &mut nearest);
                for (g, deciding) in deciding.iter_mut().enumerate() {
                    let at = lane + g * S::WIDTH;
                    self.decide::<L, S, G>(at, g, centers.clone(), &nearest, deciding);
                }
            }
        }
    }

    /// Leaves points undecided: `label` evaluates D for all centers.
    #[inline(always)]
    fn leave(&mut self, lane: usize, mut lanes: u32) {
        // Filled from the end; at the start are the points for the second test.
        let end = self.which.len();
        while lanes != 0 {
            self.result.left += 1;
            self.scratch.open[end - self.result.left] = lane as u32 + lanes.trailing_zeros();
            lanes &= lanes - 1;
        }
    }

    /// What the first test proves of group `g`, whose first lane is `at`: gives its points the labels of their least values, and margins
    /// where these are wanted and `all` centers have been seen. None, if the labels are proven.
    ///
    /// # Safety
    /// The caller is compiled for `S`; the group is among those that were swept.
    #[inline(always)]
    unsafe fn first<S: Screen<E = E>, const G: usize>(
        &mut self,
        at: usize,
        g: usize,
        all: bool,
        nearest: &Nearest<S, G>,
    ) -> Option<Unproven<S>> {
        let input = self.input;
        let scratch = &mut *self.scratch;
        let labels = &mut scratch.labels[at..at + S::WIDTH];
        // SAFETY: labels, error bounds and margins have room for the lanes.
        unsafe {
            S::store_labels(labels.as_mut_ptr(), nearest.label[g]);
            let left = S::load(scratch.error_bounds.as_ptr().add(at));
            // Where anything overflowed the gap is NaN, which is not greater, and proves nothing.
            let gap = S::sub(nearest.second[g], nearest.least[g]);
            let mut lanes = (1 << S::WIDTH.min(self.count - at)) - 1;
            let measured = all && !scratch.margins.is_empty();
            if let Some(error_bound) = input.test.at_most::<S>(left) {
                lanes &= S::not_greater(gap, error_bound);
                if lanes == 0 && !measured {
                    return None;
                }
            }
            let squares = &self.squares[g * S::WIDTH..][..S::WIDTH];
            let mut error_bounds = [E::default(); WIDEST];
            S::store(error_bounds.as_mut_ptr(), left);
            input
                .test
                .complete(labels, squares, &mut error_bounds[..S::WIDTH]);
            let error_bound = S::load(error_bounds.as_ptr());
            if measured {
                let (mut least, mut second) = ([E::default(); WIDEST], [E::default(); WIDEST]);
                let mut lefts = [E::default(); WIDEST];
                S::store(least.as_mut_ptr(), nearest.least[g]);
                S::store(second.as_mut_ptr(), nearest.second[g]);
                S::store(lefts.as_mut_ptr(), left);
                let mut margins = [0.0; WIDEST];
                for (l, &square) in squares.iter().enumerate() {
                    let error_bound = error_bounds[l];
                    let test = &input.test;
                    margins[l] = test.margin(least[l], second[l], error_bound, lefts[l], square);
                }
                input.repeats.zero_margins(labels, &mut margins);
                scratch.margins[at..at + S::WIDTH].copy_from_slice(&margins[..S::WIDTH]);
            }
            lanes &= S::not_greater(gap, error_bound);
            let mut inexact = lanes;
            while inexact != 0 {
                let l = inexact.trailing_zeros();
                inexact &= inexact - 1;
                let point = self.which.point(at + l as usize);
                if input.test.is_exact(&input.points, point) {
                    lanes &= !(1 << l);
                }
            }
            if lanes == 0 {
                return None;
            }
            // Nothing is known of points whose values overflowed.
            let unknown = S::not_greater(S::splat(E::INFINITY), error_bound) & lanes;
            Some(Unproven {
                lanes,
                unknown,
                error_bound,
                error_bounds,
            })
        }
    }

    /// The first test at a group whose values are not kept: notes as open what it does not prove.
    ///
    /// # Safety
    /// As for [`Screening::first`].
    #[inline(always)]
    unsafe fn record_open<S: Screen<E = E>, const G: usize>(
        &mut self,
        at: usize,
        g: usize,
        nearest: &Nearest<S, G>,
    ) {
        // SAFETY: the contract; error bounds and least values have room for the lanes.
        unsafe {
            let Some(unproven) = self.first(at, g, true, nearest) else {
                return;
            };
            S::store(
                self.scratch.error_bounds.as_mut_ptr().add(at),
                unproven.error_bound,
            );
            S::store(self.scratch.least.as_mut_ptr().add(at), nearest.least[g]);
            self.result.open += unproven.lanes.count_ones() as usize;
            self.leave(at, unproven.unknown);
            let mut lanes = unproven.lanes & !unproven.unknown;
            while lanes != 0 {
                self.scratch.open[self.again] = at as u32 + lanes.trailing_zeros();
                lanes &= lanes - 1;
                self.again += 1;
            }
        }
    }

    /// The first test at a group, once it went through some `centers` and all before them, and what it does not prove, decided
    /// among these, whose values are kept. After the last of them, labels the points.
    ///
    /// Invariant: of the centers up to these, the one that is nearest by D either is the one whose label is proven, or is recorded in
    /// `deciding`. For its value is within the error bound of the least. So it is one of these centers, and is considered here, or it was the
    /// nearest of those before: then it was proven, and has the least of their values, or it was recorded.
    ///
    /// # Safety
    /// As for [`Screening::first`]; the caller is compiled for `L`, too.
    #[inline(always)]
    unsafe fn decide<'c, L: Lanes, S: Screen<E = E>, const G: usize>(
        &mut self,
        at: usize,
        g: usize,
        centers: Range<usize>,
        nearest: &Nearest<S, G>,
        deciding: &mut Option<Decide<'c, S>>,
    ) where
        Self: 'c,
    {
        let (input, which) = (self.input, self.which);
        let all = centers.end == input.panels.count();
        // SAFETY: the contract; values were kept for the group and the centers.
        unsafe {
            let mut before = [0; WIDEST];
            if centers.start > 0 {
                before[..S::WIDTH].copy_from_slice(&self.scratch.labels[at..at + S::WIDTH]);
            }
            let Some(mut unproven) = self.first(at, g, all, nearest) else {
                return;
            };
            if !all {
                // Maybe all centers so far are far.
                let infinity = S::splat(E::INFINITY);
                unproven.unknown |= S::not_greater(infinity, nearest.least[g]) & unproven.lanes;
            }
            let limit = S::add(nearest.least[g], unproven.error_bound);
            let scratch = &mut *self.scratch;
            let labels = &mut scratch.labels[at..at + S::WIDTH];
            let decide = deciding.get_or_insert_with(|| {
                let mut chosen = [0; WIDEST];
                for (l, p) in chosen.iter_mut().enumerate() {
                    *p = which.point(at + l);
                }
                Decide::new(input, chosen, 0, limit, scratch.most_evaluated)
            });
            decide.undecided |= unproven.unknown;
            (decide.lanes, decide.limit) = (unproven.lanes & !decide.undecided, limit);
            prefetch_rows(&input.points, &decide.chosen, decide.lanes);
            if centers.start > 0 {
                decide.recall::<L>(&before);
            }
            let squares = &self.squares[g * S::WIDTH..][..S::WIDTH];
            decide.tighten::<L, F>(&input.test, labels, &unproven.error_bounds, squares);
            // With the new limit, the least alone may be within the error bound.
            let open = S::not_greater(nearest.second[g], decide.limit) & decide.lanes;
            decide.lanes = open;
            if open != 0 {
                let values = scratch.values.as_ptr().add(g * S::WIDTH);
                let value = |j: usize| S::load(values.add(j * G * S::WIDTH));
                let (first, k) = (centers.start, centers.len());
                let mut j = 0;
                while j + 4 <= k {
                    let a = S::min(value(j), value(j + 1));
                    let b = S::min(value(j + 2), value(j + 3));
                    if S::not_greater(S::min(a, b), decide.limit) & open != 0 {
                        for j in j..j + 4 {
                            decide.consider::<L>(first + j, value(j));
                        }
                    }
                    j += 4;
                }
                for j in j..k {
                    decide.consider::<L>(first + j, value(j));
                }
            }
            self.result.evaluated += core::mem::take(&mut decide.evaluated);
            if all {
                decide.each(unproven.lanes & !decide.undecided, |l, label| {
                    labels[l] = label;
                });
                self.result.open += unproven.lanes.count_ones() as usize;
                let undecided = decide.undecided;
                self.leave(at, unproven.lanes & undecided);
            }
        }
    }

    /// The second test at the open points of a block, whose values were not kept.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`.
    #[inline(always)]
    unsafe fn test_again<L: Lanes, S: Screen<E = E>>(&mut self) {
        let Screening {
            input,
            which,
            again,
            ..
        } = *self;
        let elements = elements::<E>(input.points.d());
        // From the end, as points that are left take the places after them.
        for start in (0..again).step_by(S::WIDTH).rev() {
            let scratch = &mut *self.scratch;
            let lanes = S::WIDTH.min(again - start);
            let mut open = [0; WIDEST];
            open[..lanes].copy_from_slice(&scratch.open[start..start + lanes]);
            let open = &open[..lanes];
            let mut chosen = [0; WIDEST];
            let mut indices = [0; WIDEST];
            let mut limit = [E::default(); WIDEST];
            let mut error_bounds = [E::default(); WIDEST];
            for (l, &lane) in open.iter().enumerate() {
                chosen[l] = which.point(lane as usize);
                indices[l] = (chosen[l] - which.first()) as u32;
                limit[l] = scratch.least[lane as usize];
                error_bounds[l] = scratch.error_bounds[lane as usize];
            }
            // SAFETY: one group fits the tile; the open points are of the block.
            unsafe {
                let limit = S::add(S::load(limit.as_ptr()), S::load(error_bounds.as_ptr()));
                let these = Which::Listed(&indices[..lanes], which.first());
                let chunk = 0..elements;
                let tile = Tile {
                    width: S::WIDTH,
                    elements: scratch.tile,
                    error_bounds: &mut error_bounds,
                    squares: &mut [],
                };
                input
                    .test
                    .pack::<L>(&input.points, &these, chunk.clone(), tile);
                let unproven = ((1u64 << lanes) - 1) as u32;
                let decide =
                    Decide::<S>::new(input, chosen, unproven, limit, scratch.most_evaluated);
                let mut deciding = Deciding::<L, S> {
                    decide,
                    lanes: PhantomData,
                };
                let over = Sweep {
                    groups: scratch.tile.as_ptr(),
                    elements,
                    chunk,
                    values: core::ptr::null_mut(),
                };
                sweep::<S, 1, _>(&over, &input.panels, &mut deciding, || ());
                let decide = deciding.decide;
                self.result.evaluated += decide.evaluated;
                decide.each(unproven & !decide.undecided, |l, label| {
                    scratch.labels[open[l] as usize] = label;
                });
                for (l, &lane) in open.iter().enumerate() {
                    self.leave(lane as usize, decide.undecided >> l & 1);
                }
            }
        }
    }
}

/// What the first test leaves of a group.
struct Unproven<S: Screen> {
    /// Lanes whose labels are not proven, and those among them whose values overflowed.
    lanes: u32,
    unknown: u32,
    /// The error bounds of all lanes, as a vector and one by one.
    error_bound: S::V,
    error_bounds: [S::E; WIDEST],
}
