//! Screening: labels proven in a working precision, and the rest decided by D.
//!
//! The first look keeps the least and the second least Ŝ of every point. A gap wider than the point's reach proves the
//! label (see [`certify`](super::certify)). For the points that stay open, a second look finds the few centers within
//! reach of the least, and evaluates D for these alone. Where these are so many that it takes less to evaluate D for all
//! centers, several points side by side, that is left to the ladder.
//!
//! Three groups of points at a time are compared with all centers. Where there are many dimensions, the points are packed
//! chunk of dimensions by chunk, the values of the centers for these few points are kept from chunk to chunk, and the second
//! look reads them. Of very many centers, those of one part after the other are kept: after each part, the second look
//! decides among the centers so far. Where there are few dimensions, a few more points are packed at a time; keeping values would
//! cost more than evaluating them once more, and the open points of a block are packed into full groups again.

mod test;

use core::ops::Range;

pub(crate) use test::{Test, Tile};

use super::panel::{steps, sweep, sweep_panels, Panels, Receive, Sweep, GROUPS};
use super::repeats::Repeats;
use crate::exact::distance::{pair, squared_at};
use crate::points::{Ahead, Layout, Points, Which, LINE};
use crate::simd::products::{elements, Element, Screen};
use crate::simd::{Capability, InstructionSet, Kernel, Lanes, Level, ScreenKernel, Vectorized};

/// The widest vector, in elements.
const WIDEST: usize = 16;

/// Points compared at a time, at most.
const TOGETHER: usize = GROUPS * WIDEST;

/// Elements of a point up to which values are not kept.
const NARROW: usize = 16;

/// Points of few dimensions packed at a time: so many that the nearest cache holds them.
const PACKED: usize = 4 * TOGETHER;

/// Elements of a tile for points of d dimensions.
pub(crate) fn tile<E: Element>(d: usize) -> usize {
    let elements = elements::<E>(d);
    match keeps::<E>(d) {
        true => TOGETHER * (elements.min(E::CHUNK) + E::SIDES),
        false => PACKED * elements,
    }
}

/// Centers whose values are kept at a time: so many that packing points costs nothing beside comparing them, and so few that the
/// values stay in the second-level cache, and that a thread's memory does not grow with k. Whole panels.
const KEPT: usize = 2048;

/// Values kept for k centers.
pub(crate) fn values<E: Element>(d: usize, k: usize) -> usize {
    match keeps::<E>(d) {
        true => k.min(KEPT) * TOGETHER,
        false => 0,
    }
}

/// Whether values are kept. Those of bytes are, because bytes leave more points open.
fn keeps<E: Element>(d: usize) -> bool {
    elements::<E>(d) > NARROW || E::COORDINATES > 1
}

/// What a screening pass reads besides the points.
pub(crate) struct Pass<'a, E, F> {
    pub(crate) points: Points<'a>,
    pub(crate) centers: &'a [f64],
    pub(crate) panels: Panels<'a, E>,
    pub(crate) repeats: Repeats<'a>,
    pub(crate) frame: F,
}

impl<E: Element, F> Pass<'_, E, F> {
    /// Panics unless everything is as long as the kernel relies on, for groups of `width` points.
    fn check(&self, which: &Which<'_>, scratch: &Scratch<'_, E>, width: usize) {
        let (d, k) = (self.points.d(), self.panels.count());
        let lanes = which.len().next_multiple_of(width);
        assert!(!which.is_empty() && which.all_below(self.points.n()) && width <= WIDEST);
        assert!(k > 0 && self.panels.data.len() == k * elements::<E>(d));
        assert!(self.centers.len() == k * d && scratch.tile.len() >= tile::<E>(d));
        assert!(scratch.values.len() >= values::<E>(d, k));
        assert!(scratch.reaches.len() >= lanes && scratch.least.len() >= lanes);
        assert!(scratch.labels.len() >= lanes && scratch.open.len() >= which.len());
        assert!(scratch.margins.is_empty() || scratch.margins.len() >= lanes);
    }
}

/// Where a block is screened.
pub(crate) struct Scratch<'a, E> {
    /// A few points, packed for the lanes.
    pub(crate) tile: &'a mut [E],
    /// The values of some centers for these, where they are kept.
    pub(crate) values: &'a mut [E],
    /// For each point: how far apart two Ŝ must be for their order to be proven.
    pub(crate) reaches: &'a mut [E],
    /// For each point: the least Ŝ.
    pub(crate) least: &'a mut [E],
    /// The lanes of the points that stayed open: at the start those that are to be looked at again, at the end those that are left.
    pub(crate) open: &'a mut [u32],
    /// Distances of a point that may be evaluated one by one.
    pub(crate) patience: u32,
    pub(crate) labels: &'a mut [i32],
    /// For each point: how much nearer its center is than any other, at least (see [`bounds`](super::bounds)); or empty, where
    /// nobody wants to know.
    pub(crate) margins: &'a mut [f32],
    /// The block that is likely next.
    pub(crate) next: Range<usize>,
}

/// What became of some points.
#[derive(Clone, Copy, Default)]
pub(crate) struct Found {
    /// Points the first look left open.
    pub(crate) open: usize,
    /// Distances evaluated for these.
    pub(crate) evaluated: usize,
    /// Points that are left, and have no label yet: D is to be evaluated for all centers. They are the last of `open`.
    pub(crate) left: usize,
}

/// Labels some points, by vectors that the level has: lane after lane, `which` of them it is. The panels are those of `centers`.
pub(super) fn screen<E: Element + Vectorized, F: Test<E>>(
    level: Level,
    pass: &Pass<'_, E, F>,
    which: &Which<'_>,
    scratch: &mut Scratch<'_, E>,
) -> Found {
    let Some(vectors) = level.vectors::<E>() else {
        unreachable!("centers are packed for vectors that the level has")
    };
    pass.check(which, scratch, vectors.width);
    pass.frame.check(&pass.points, which);
    let points = ScreenPoints {
        pass,
        which,
        scratch,
    };
    level.run(points).unwrap_or_default()
}

/// The pass and the scratch are as [`Pass::check`] and [`Test::check`] want them.
struct ScreenPoints<'a, 'b, E, F> {
    pass: &'a Pass<'a, E, F>,
    which: &'a Which<'a>,
    scratch: &'a mut Scratch<'b, E>,
}

impl<E: Element + Vectorized, F: Test<E>> Kernel for ScreenPoints<'_, '_, E, F> {
    type Out = Option<Found>;
    const PRODUCTS: bool = E::PRODUCTS;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<Found> {
        // SAFETY: the contract.
        unsafe { E::Vectors::<I>::run::<I::Lanes, _>(self) }
    }
}

impl<E: Element, F: Test<E>> ScreenKernel<E> for ScreenPoints<'_, '_, E, F> {
    type Out = Found;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = E>>(self) -> Found {
        // Points are packed by the lanes, one vector or two of these to a group.
        const { assert!(S::WIDTH == L::WIDTH || S::WIDTH == 2 * L::WIDTH) }
        let ScreenPoints {
            pass,
            which,
            scratch,
        } = self;
        let count = which.len();
        let mut screening = Screening {
            pass,
            which,
            count,
            keeps: keeps::<E>(pass.points.d()),
            ahead: pass.frame.ahead(&pass.points, scratch.next.clone()),
            scratch,
            squares: [0.0; TOGETHER],
            again: 0,
            found: Found::default(),
        };
        let packed = match screening.keeps {
            true => count,
            false => PACKED,
        };
        // SAFETY: the caller is compiled for the vectors; `screen` has seen to the lengths. There are these lanes, the last group of them maybe not full; a tile has room for so many points of few
        // dimensions.
        unsafe {
            for start in (0..count).step_by(packed) {
                let end = count.min(start + packed);
                if !screening.keeps {
                    screening.pack::<L, S>(start..end);
                }
                let mut lane = start;
                while lane + GROUPS * S::WIDTH <= end.next_multiple_of(S::WIDTH) {
                    screening.look::<L, S, GROUPS>(lane, lane - start);
                    lane += GROUPS * S::WIDTH;
                }
                while lane < end {
                    screening.look::<L, S, 1>(lane, lane - start);
                    lane += S::WIDTH;
                }
            }
            if !screening.keeps {
                screening.look_again::<L, S>();
            }
        }
        screening.found
    }
}

/// Points being screened.
struct Screening<'a, 'b, E, F> {
    pass: &'a Pass<'a, E, F>,
    which: &'a Which<'a>,
    count: usize,
    keeps: bool,
    ahead: Ahead,
    scratch: &'a mut Scratch<'b, E>,
    /// |X|² of the points that were packed last, for tests that have a limit.
    squares: [f64; TOGETHER],
    /// Points to be looked at again.
    again: usize,
    found: Found,
}

impl<E: Element, F: Test<E>> Screening<'_, '_, E, F> {
    /// Packs the `lanes` of points of few dimensions.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; there are these lanes, at most [`PACKED`].
    #[inline(always)]
    unsafe fn pack<L: Lanes, S: Screen<E = E>>(&mut self, lanes: Range<usize>) {
        let pass = self.pass;
        let which = self.which.part(lanes.clone());
        let chunk = 0..elements::<E>(pass.points.d());
        let tile = Tile {
            width: S::WIDTH,
            elements: self.scratch.tile,
            reaches: &mut self.scratch.reaches[lanes.start..],
            squares: &mut [],
        };
        // SAFETY: the contract above.
        unsafe {
            pass.frame.pack::<L>(&pass.points, &which, chunk, tile);
        }
    }

    /// The first look at `G` groups, and where values are kept, the second. Where they are not, the groups are in the tile
    /// already, from `place` on.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; there are these `G` groups from `lane` on.
    #[inline(always)]
    unsafe fn look<L: Lanes, S: Screen<E = E>, const G: usize>(
        &mut self,
        lane: usize,
        place: usize,
    ) {
        // SAFETY: the contract above.
        unsafe {
            let mut nearest = Nearest::<S, G>::new();
            if !self.keeps {
                self.sweep_packed::<S, G>(place, &mut nearest);
                for g in 0..G {
                    self.note_open::<S, G>(lane + g * S::WIDTH, g, &nearest);
                }
                return;
            }
            let k = self.pass.panels.count();
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

    /// Compares `G` packed groups of points of few dimensions with all centers.
    ///
    /// # Safety
    /// The caller is compiled for `S`; the groups are in the tile from `place` on.
    #[inline(always)]
    unsafe fn sweep_packed<S: Screen<E = E>, const G: usize>(
        &mut self,
        place: usize,
        nearest: &mut Nearest<S, G>,
    ) {
        let pass = self.pass;
        let elements = elements::<E>(pass.points.d());
        let share = self.share::<S, G>(elements);
        let ahead = &mut self.ahead;
        // SAFETY: the contract above.
        unsafe {
            let over = Sweep {
                groups: self.scratch.tile.as_ptr().add(place * elements),
                elements,
                chunk: 0..elements,
                values: core::ptr::null_mut(),
            };
            sweep::<S, G, _>(&over, &pass.panels, nearest, || ahead.ask(share));
        }
    }

    /// Cache lines of the next block to ask for at each opportunity, when all elements are swept at once.
    #[inline(always)]
    fn share<S: Screen<E = E>, const G: usize>(&self, elements: usize) -> usize {
        let steps = steps::<S>(elements, self.pass.panels.count());
        self.ahead.share(self.count.div_ceil(G * S::WIDTH) * steps)
    }

    /// Packs `G` groups and compares them with some centers, chunk by chunk.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; there are these `G` groups from `lane` on. The centers are at most [`KEPT`], from
    /// a multiple of that on; those before them came before.
    #[inline(always)]
    unsafe fn sweep_chunks<L: Lanes, S: Screen<E = E>, const G: usize>(
        &mut self,
        lane: usize,
        centers: Range<usize>,
        nearest: &mut Nearest<S, G>,
    ) {
        let Screening {
            pass, which, count, ..
        } = *self;
        let d = pass.points.d();
        let elements = elements::<E>(d);
        let panels = pass.panels.part(centers.clone(), elements);
        let all = centers.end == pass.panels.count();
        let share = self.share::<S, G>(elements);
        let scratch = &mut *self.scratch;
        let lanes = lane..count.min(lane + G * S::WIDTH);
        let part = which.part(lanes.clone());
        for start in (0..elements).step_by(E::CHUNK) {
            let chunk = start..elements.min(start + E::CHUNK);
            let last = chunk.end == elements;
            // A chunk of everything is still there.
            if chunk.len() < elements || centers.start == 0 {
                let tile = Tile {
                    width: S::WIDTH,
                    elements: scratch.tile,
                    reaches: &mut scratch.reaches[lane..],
                    squares: &mut self.squares,
                };
                // SAFETY: a tile has room for a chunk of the groups.
                unsafe {
                    pass.frame
                        .pack::<L>(&pass.points, &part, chunk.clone(), tile);
                }
            }
            // A chunk of everything: the next block, evenly. Else the next chunk.
            let mut next_chunk;
            let (ahead, share) = if chunk.len() == elements {
                (&mut self.ahead, share)
            } else {
                let dims = |from: usize| from..d.min(from + E::CHUNK * E::COORDINATES);
                next_chunk = match which {
                    Which::Some(..) => Ahead::of(&pass.points, 0..0, 0..0),
                    Which::Block(block) if last && all => {
                        let next = match lanes.end < count {
                            true => block.start + lanes.end,
                            false => scratch.next.start,
                        };
                        Ahead::of(&pass.points, next..next + TOGETHER, dims(0))
                    }
                    Which::Block(block) => {
                        let points = block.start + lanes.start..block.start + lanes.end;
                        let next = if last { 0 } else { chunk.end };
                        Ahead::of(&pass.points, points, dims(next * E::COORDINATES))
                    }
                };
                let share = next_chunk.share(steps::<S>(chunk.len(), centers.len()));
                (&mut next_chunk, share)
            };
            let over = Sweep {
                groups: scratch.tile.as_ptr(),
                elements,
                chunk,
                values: scratch.values.as_mut_ptr(),
            };
            // SAFETY: the groups were packed, and there are G vectors of values for every center of these.
            unsafe {
                sweep_panels::<S, G, _>(&over, &panels, nearest, || ahead.ask(share));
            }
        }
    }

    /// Leaves points to the ladder.
    #[inline(always)]
    fn leave(&mut self, lane: usize, mut lanes: u32) {
        // Of all lanes that are open, some have been counted.
        let end = self.which.len();
        while lanes != 0 {
            self.found.left += 1;
            self.scratch.open[end - self.found.left] = lane as u32 + lanes.trailing_zeros();
            lanes &= lanes - 1;
        }
    }

    /// What the first look proves of group `g`, whose first lane is `at`: gives its points the labels of their least values, and margins
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
        let pass = self.pass;
        let scratch = &mut *self.scratch;
        let labels = &mut scratch.labels[at..at + S::WIDTH];
        // SAFETY: labels, reaches and margins have room for the lanes.
        unsafe {
            S::store_labels(labels.as_mut_ptr(), nearest.label[g]);
            let left = S::load(scratch.reaches.as_ptr().add(at));
            // Where anything overflowed the gap is NaN, which is not greater, and proves nothing.
            let gap = S::sub(nearest.second[g], nearest.least[g]);
            let mut lanes = (1 << S::WIDTH.min(self.count - at)) - 1;
            let measured = all && !scratch.margins.is_empty();
            if let Some(reach) = pass.frame.at_most::<S>(left) {
                lanes &= S::not_greater(gap, reach);
                if lanes == 0 && !measured {
                    return None;
                }
            }
            let squares = &self.squares[g * S::WIDTH..][..S::WIDTH];
            let mut reaches = [E::default(); WIDEST];
            S::store(reaches.as_mut_ptr(), left);
            pass.frame
                .complete(labels, squares, &mut reaches[..S::WIDTH]);
            let reach = S::load(reaches.as_ptr());
            if measured {
                let (mut least, mut second) = ([E::default(); WIDEST], [E::default(); WIDEST]);
                let mut lefts = [E::default(); WIDEST];
                S::store(least.as_mut_ptr(), nearest.least[g]);
                S::store(second.as_mut_ptr(), nearest.second[g]);
                S::store(lefts.as_mut_ptr(), left);
                let mut margins = [0.0; WIDEST];
                for (l, &square) in squares.iter().enumerate() {
                    let reach = reaches[l];
                    let frame = &pass.frame;
                    margins[l] = frame.margin(least[l], second[l], reach, lefts[l], square);
                }
                pass.repeats.spoil(labels, &mut margins);
                scratch.margins[at..at + S::WIDTH].copy_from_slice(&margins[..S::WIDTH]);
            }
            lanes &= S::not_greater(gap, reach);
            let mut inexact = lanes;
            while inexact != 0 {
                let l = inexact.trailing_zeros();
                inexact &= inexact - 1;
                let point = self.which.point(at + l as usize);
                if pass.frame.is_exact(&pass.points, point) {
                    lanes &= !(1 << l);
                }
            }
            if lanes == 0 {
                return None;
            }
            // Nothing is known of points whose values overflowed.
            let unknown = S::not_greater(S::splat(E::INFINITY), reach) & lanes;
            Some(Unproven {
                lanes,
                unknown,
                reach,
                reaches,
            })
        }
    }

    /// The first look at a group whose values are not kept: notes as open what it does not prove.
    ///
    /// # Safety
    /// As for [`Screening::first`].
    #[inline(always)]
    unsafe fn note_open<S: Screen<E = E>, const G: usize>(
        &mut self,
        at: usize,
        g: usize,
        nearest: &Nearest<S, G>,
    ) {
        // SAFETY: the contract; reaches and least values have room for the lanes.
        unsafe {
            let Some(unproven) = self.first(at, g, true, nearest) else {
                return;
            };
            S::store(self.scratch.reaches.as_mut_ptr().add(at), unproven.reach);
            S::store(self.scratch.least.as_mut_ptr().add(at), nearest.least[g]);
            self.found.open += unproven.lanes.count_ones() as usize;
            self.leave(at, unproven.unknown);
            let mut lanes = unproven.lanes & !unproven.unknown;
            while lanes != 0 {
                self.scratch.open[self.again] = at as u32 + lanes.trailing_zeros();
                lanes &= lanes - 1;
                self.again += 1;
            }
        }
    }

    /// The first look at a group, once it went through some `centers` and all before them, and what it does not prove, decided
    /// among these, whose values are kept. After the last of them, labels the points.
    ///
    /// Of the centers up to these, the one that is nearest by D is the one whose label is proven, or `deciding` has it. For by the
    /// same proof, which is one of two centers, it is within reach; so it is among these centers and considered here, or it was the
    /// nearest of those before, which was proven then and has the least of their values, or was in `deciding`.
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
        let (pass, which) = (self.pass, self.which);
        let all = centers.end == pass.panels.count();
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
            let limit = S::add(nearest.least[g], unproven.reach);
            let scratch = &mut *self.scratch;
            let labels = &mut scratch.labels[at..at + S::WIDTH];
            let decide = deciding.get_or_insert_with(|| {
                let mut chosen = [0; WIDEST];
                for (l, p) in chosen.iter_mut().enumerate() {
                    *p = which.point(at + l);
                }
                Decide::new(pass, chosen, 0, limit, scratch.patience)
            });
            decide.given_up |= unproven.unknown;
            (decide.lanes, decide.limit) = (unproven.lanes & !decide.given_up, limit);
            ask_for(&pass.points, &decide.chosen, decide.lanes);
            if centers.start > 0 {
                decide.recall::<L>(&before);
            }
            let squares = &self.squares[g * S::WIDTH..][..S::WIDTH];
            decide.tighten::<L, F>(&pass.frame, labels, &unproven.reaches, squares);
            // With the new limit, the least alone may be within reach.
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
            self.found.evaluated += core::mem::take(&mut decide.evaluated);
            if all {
                decide.each(unproven.lanes & !decide.given_up, |l, label| {
                    labels[l] = label;
                });
                self.found.open += unproven.lanes.count_ones() as usize;
                let given_up = decide.given_up;
                self.leave(at, unproven.lanes & given_up);
            }
        }
    }

    /// The second look at the open points of a block, whose values were not kept.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`.
    #[inline(always)]
    unsafe fn look_again<L: Lanes, S: Screen<E = E>>(&mut self) {
        let Screening {
            pass, which, again, ..
        } = *self;
        let elements = elements::<E>(pass.points.d());
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
            let mut reaches = [E::default(); WIDEST];
            for (l, &lane) in open.iter().enumerate() {
                chosen[l] = which.point(lane as usize);
                indices[l] = (chosen[l] - which.first()) as u32;
                limit[l] = scratch.least[lane as usize];
                reaches[l] = scratch.reaches[lane as usize];
            }
            // SAFETY: one group fits the tile; the open points are of the block.
            unsafe {
                let limit = S::add(S::load(limit.as_ptr()), S::load(reaches.as_ptr()));
                let these = Which::Some(&indices[..lanes], which.first());
                let chunk = 0..elements;
                let tile = Tile {
                    width: S::WIDTH,
                    elements: scratch.tile,
                    reaches: &mut reaches,
                    squares: &mut [],
                };
                pass.frame
                    .pack::<L>(&pass.points, &these, chunk.clone(), tile);
                let unproven = ((1u64 << lanes) - 1) as u32;
                let decide = Decide::<S>::new(pass, chosen, unproven, limit, scratch.patience);
                let mut decide = Deciding::<L, S>(decide, core::marker::PhantomData);
                let over = Sweep {
                    groups: scratch.tile.as_ptr(),
                    elements,
                    chunk,
                    values: core::ptr::null_mut(),
                };
                sweep::<S, 1, _>(&over, &pass.panels, &mut decide, || ());
                let decide = decide.0;
                self.found.evaluated += decide.evaluated;
                decide.each(unproven & !decide.given_up, |l, label| {
                    scratch.labels[open[l] as usize] = label;
                });
                for (l, &lane) in open.iter().enumerate() {
                    self.leave(lane as usize, decide.given_up >> l & 1);
                }
            }
        }
    }
}

/// What the first look leaves of a group.
struct Unproven<S: Screen> {
    /// Lanes whose labels are not proven, and those among them whose values overflowed.
    lanes: u32,
    unknown: u32,
    /// The reaches of all lanes, as a vector and one by one.
    reach: S::V,
    reaches: [S::E; WIDEST],
}

/// The least and second least Ŝ of each lane, and the center of the least.
struct Nearest<S: Screen, const G: usize> {
    least: [S::V; G],
    second: [S::V; G],
    label: [S::V; G],
    /// The next center.
    next: S::V,
}

impl<S: Screen, const G: usize> Nearest<S, G> {
    #[inline(always)]
    unsafe fn new() -> Self {
        // SAFETY: the caller is compiled for `S`.
        unsafe {
            let infinity = S::splat(S::E::INFINITY);
            Nearest {
                least: [infinity; G],
                second: [infinity; G],
                label: [S::splat(S::E::default()); G],
                next: S::splat(S::E::of_label(0)),
            }
        }
    }
}

impl<S: Screen, const G: usize> Receive<S, G> for Nearest<S, G> {
    #[inline(always)]
    unsafe fn receive(&mut self, _: usize, values: &[S::V; G]) {
        // SAFETY: the caller is compiled for `S`. Labels fit an element (see `Precision::suits`).
        unsafe {
            for (g, &value) in values.iter().enumerate() {
                self.second[g] = S::min(self.second[g], S::max(self.least[g], value));
                self.label[g] = S::select_less(value, self.least[g], self.next, self.label[g]);
                self.least[g] = S::min(self.least[g], value);
            }
            // Adding is cheaper than making a vector of an integer.
            self.next = S::add(self.next, S::splat(S::E::of_label(1)));
        }
    }
}

/// Lines of each row that are asked for before it is read; the CPU sees the rest of them coming.
const ASKED: usize = 4;

/// Asks for the points of the `lanes`, as far as they are rows.
#[inline(always)]
fn ask_for(points: &Points<'_>, chosen: &[usize; WIDEST], mut lanes: u32) {
    let dims = 0..points.d().min(ASKED * LINE / size_of::<f64>());
    while lanes != 0 {
        let p = chosen[lanes.trailing_zeros() as usize];
        lanes &= lanes - 1;
        Ahead::of(points, p..p + 1, dims.clone()).ask(ASKED);
    }
}

/// Evaluates D for the centers within reach, and keeps the first of the least.
struct Decide<'a, S: Screen> {
    points: Points<'a>,
    centers: &'a [f64],
    /// The points of the lanes, and which of them are to be decided.
    chosen: [usize; WIDEST],
    lanes: u32,
    /// Least Ŝ plus reach.
    limit: S::V,
    distance: [f64; WIDEST],
    label: [i32; WIDEST],
    /// Distances that may yet be evaluated for each lane, and lanes for which they were too few.
    patience: [u32; WIDEST],
    given_up: u32,
    evaluated: usize,
}

impl<'a, S: Screen> Decide<'a, S> {
    #[inline(always)]
    fn new<F>(
        pass: &Pass<'a, S::E, F>,
        chosen: [usize; WIDEST],
        lanes: u32,
        limit: S::V,
        patience: u32,
    ) -> Self {
        Decide {
            points: pass.points,
            centers: pass.centers,
            chosen,
            lanes,
            limit,
            patience: [patience; WIDEST],
            given_up: 0,
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
    unsafe fn recall<L: Lanes>(&mut self, before: &[i32; WIDEST]) {
        let mut lanes = self.lanes;
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            // SAFETY: the contract above.
            unsafe { self.evaluate::<L>(l, before[l]) };
        }
    }

    /// Evaluates D for the center of the least value of each lane, and lowers the limits to what may still be nearer: with
    /// one error known, only the other's is left of the reach.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; the labels are of centers.
    #[inline(always)]
    unsafe fn tighten<L: Lanes, F: Test<S::E>>(
        &mut self,
        frame: &F,
        labels: &[i32],
        reaches: &[S::E],
        squares: &[f64],
    ) {
        let mut limits = [S::E::INFINITY; WIDEST];
        let mut lanes = self.lanes;
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            // SAFETY: the contract above.
            let distance = unsafe { self.evaluate::<L>(l, labels[l]) };
            if let Some(limit) = frame.limit(distance, squares[l], reaches[l]) {
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
    unsafe fn evaluate<L: Lanes>(&mut self, l: usize, j: i32) -> f64 {
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
    unsafe fn distance<L: Lanes>(&mut self, l: usize, j: usize) -> f64 {
        self.evaluated += 1;
        let (p, d) = (self.chosen[l], self.points.d());
        let center = &self.centers[j * d..][..d];
        match self.points.layout() {
            // SAFETY: the contract above; the row and the center are d doubles.
            Layout::Rows => unsafe { pair::<L>(self.points.row(p).as_ptr(), center.as_ptr(), d) },
            Layout::Columns => squared_at(&self.points, p, center),
        }
    }

    /// Center `j`, whose values for the lanes these are.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; `j` is a center.
    #[inline(always)]
    unsafe fn consider<L: Lanes>(&mut self, j: usize, value: S::V) {
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
                if self.patience[l] == 0 {
                    self.lanes &= !(1 << l);
                    self.given_up |= 1 << l;
                    continue;
                }
                self.patience[l] -= 1;
                self.evaluate::<L>(l, j as i32);
            }
        }
    }

    /// Calls `take` with each of some lanes and its label.
    #[inline(always)]
    fn each(&self, mut lanes: u32, mut take: impl FnMut(usize, i32)) {
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            take(l, self.label[l]);
        }
    }
}

/// [`Decide`] as the receiver of a sweep.
struct Deciding<'a, L: Lanes, S: Screen>(Decide<'a, S>, core::marker::PhantomData<L>);

impl<L: Lanes, S: Screen> Receive<S, 1> for Deciding<'_, L, S> {
    #[inline(always)]
    unsafe fn receive(&mut self, j: usize, values: &[S::V; 1]) {
        // SAFETY: the caller is compiled for `L` and `S`; j is a center.
        unsafe { self.0.consider::<L>(j, values[0]) }
    }
}
