//! Screening: labels proven in a working precision, and the rest decided by D.
//!
//! The first look keeps the least and the second least Ŝ of every point. A gap wider than the point's reach proves the
//! label (see [`certify`](super::certify)). The points that stay open are packed into full groups for a second look, which
//! finds the few centers within reach of the least, and evaluates D for these alone. So even data that leaves every point
//! open (duplicate centers, say) costs two looks and a few distances, not k of them a point.

use super::panel::{steps, sweep, Panels, Receive, GROUPS};
use crate::distance::squared_at;
use crate::lanes::screen::{Screen, Working};
use crate::lanes::Lanes;
use crate::points::Points;
use crate::tile::{pack_screened, Ahead, Frame, Which};

/// The widest vector, in elements.
const WIDEST: usize = 16;

/// What a screening pass reads besides the points.
pub(crate) struct Pass<'a, E> {
    pub(crate) points: Points<'a>,
    pub(crate) centers: &'a [f64],
    pub(crate) panels: Panels<'a, E>,
    pub(crate) frame: Frame<'a>,
}

impl<E> Pass<'_, E> {
    /// Panics unless everything is as long as the kernel relies on, for groups of `width` points.
    pub(crate) fn check(
        &self,
        block: &core::ops::Range<usize>,
        scratch: &Scratch<'_, E>,
        width: usize,
    ) {
        let (d, k) = (self.points.d(), self.panels.norms.len());
        let lanes = block.len().next_multiple_of(width);
        assert!(!block.is_empty() && block.end <= self.points.n() && width <= WIDEST);
        assert!(k > 0 && self.panels.data.len() == k * d && self.centers.len() == k * d);
        assert!(self.frame.mean.len() == d && scratch.tile.len() >= lanes * d);
        assert!(scratch.reaches.len() >= lanes && scratch.least.len() >= lanes);
        // One more than the points: the list is written before it is known whether it grows.
        assert!(scratch.labels.len() >= lanes && scratch.open.len() > block.len());
    }
}

/// Where a block is screened.
pub(crate) struct Scratch<'a, E> {
    /// The block, packed for the lanes.
    pub(crate) tile: &'a mut [E],
    /// For each point: how far apart two Ŝ must be for their order to be proven.
    pub(crate) reaches: &'a mut [E],
    /// For each point: the least Ŝ.
    pub(crate) least: &'a mut [E],
    /// The points that stayed open, from the start of the block.
    pub(crate) open: &'a mut [u32],
    pub(crate) labels: &'a mut [i32],
    /// What to ask for meanwhile.
    pub(crate) ahead: Ahead,
}

/// What became of a block.
#[derive(Clone, Copy, Default)]
pub(crate) struct Found {
    /// Points the first look left open.
    pub(crate) open: usize,
    /// Distances evaluated for these.
    pub(crate) evaluated: usize,
}

/// Labels a block.
///
/// # Safety
/// The caller is compiled for `L` and `S`, whose width is once or twice that of `L`. The scratch has room for the block,
/// rounded up to whole groups; the panels are those of `centers`.
#[inline(always)]
pub(crate) unsafe fn screen<L: Lanes, S: Screen>(
    pass: &Pass<'_, S::E>,
    block: core::ops::Range<usize>,
    scratch: &mut Scratch<'_, S::E>,
) -> Found {
    let d = pass.points.d();
    let first = block.start;
    let which = Which::Block(block);
    let count = which.len();
    // SAFETY: groups are at lane * d; there are count.div_ceil(WIDTH) of them.
    unsafe {
        pack_screened::<L, S::E>(
            &pass.points,
            &which,
            &pass.frame,
            S::WIDTH,
            scratch.tile,
            scratch.reaches,
        );
        let groups = count.div_ceil(S::WIDTH);
        let steps = groups.div_ceil(GROUPS) * steps::<S>(d, pass.panels.norms.len());
        let share = scratch.ahead.share(steps);
        let (mut g, mut open) = (0, 0);
        while g + GROUPS <= groups {
            open = first_look::<S, GROUPS>(d, pass, g, count, scratch, open, share);
            g += GROUPS;
        }
        while g < groups {
            open = first_look::<S, 1>(d, pass, g, count, scratch, open, 0);
            g += 1;
        }
        let evaluated = second_look::<L, S>(pass, first, open, scratch);
        Found { open, evaluated }
    }
}

/// The least and second least Ŝ of each lane, and the center of the least.
struct Nearest<S: Screen, const G: usize> {
    least: [S::V; G],
    second: [S::V; G],
    label: [S::V; G],
}

impl<S: Screen, const G: usize> Receive<S, G> for Nearest<S, G> {
    #[inline(always)]
    unsafe fn receive(&mut self, j: usize, values: &[S::V; G]) {
        // SAFETY: the caller is compiled for `S`. Labels are below 2^24, so exact.
        unsafe {
            let j = S::splat(S::E::of(j as f64));
            for (g, &value) in values.iter().enumerate() {
                self.second[g] = S::min(self.second[g], S::max(self.least[g], value));
                self.label[g] = S::select_less(value, self.least[g], j, self.label[g]);
                self.least[g] = S::min(self.least[g], value);
            }
        }
    }
}

#[inline(always)]
unsafe fn first_look<S: Screen, const G: usize>(
    d: usize,
    pass: &Pass<'_, S::E>,
    group: usize,
    count: usize,
    scratch: &mut Scratch<'_, S::E>,
    mut open: usize,
    share: usize,
) -> usize {
    // SAFETY: the groups group to group + G are in the tile, and their lanes in the other arrays.
    unsafe {
        let infinity = S::splat(S::E::INFINITY);
        let mut nearest = Nearest::<S, G> {
            least: [infinity; G],
            second: [infinity; G],
            label: [S::splat(S::E::default()); G],
        };
        let tile = scratch.tile.as_ptr().add(group * d * S::WIDTH);
        let ahead = &mut scratch.ahead;
        sweep::<S, G, _>(tile, d, &pass.panels, &mut nearest, || ahead.ask(share));
        for g in 0..G {
            let at = (group + g) * S::WIDTH;
            S::store(scratch.least.as_mut_ptr().add(at), nearest.least[g]);
            S::store_labels(scratch.labels.as_mut_ptr().add(at), nearest.label[g]);
            // Where anything overflowed the gap is NaN, which is not greater, and proves nothing.
            let gap = S::sub(nearest.second[g], nearest.least[g]);
            let unproven = S::not_greater(gap, S::load(scratch.reaches.as_ptr().add(at)));
            let mut unproven = unproven & ((1 << S::WIDTH.min(count - at)) - 1);
            while unproven != 0 {
                *scratch.open.get_unchecked_mut(open) = at as u32 + unproven.trailing_zeros();
                unproven &= unproven - 1;
                open += 1;
            }
        }
        open
    }
}

/// Evaluates D for the centers within reach, and keeps the first of the least.
struct Decide<'a, S: Screen> {
    points: &'a Points<'a>,
    centers: &'a [f64],
    /// The points of the lanes.
    chosen: [usize; WIDEST],
    lanes: usize,
    /// Least Ŝ plus reach.
    limit: S::V,
    distance: [f64; WIDEST],
    label: [i32; WIDEST],
    evaluated: usize,
}

impl<S: Screen> Receive<S, 1> for Decide<'_, S> {
    #[inline(always)]
    unsafe fn receive(&mut self, j: usize, values: &[S::V; 1]) {
        // SAFETY: the caller is compiled for `S`.
        let mut within = unsafe { S::not_greater(values[0], self.limit) };
        while within != 0 {
            let l = within.trailing_zeros() as usize;
            within &= within - 1;
            if l < self.lanes {
                let d = self.points.d();
                let center = &self.centers[j * d..][..d];
                let distance = squared_at(self.points, self.chosen[l], center);
                self.evaluated += 1;
                if distance < self.distance[l] {
                    self.distance[l] = distance;
                    self.label[l] = j as i32;
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn second_look<L: Lanes, S: Screen>(
    pass: &Pass<'_, S::E>,
    first: usize,
    open: usize,
    scratch: &mut Scratch<'_, S::E>,
) -> usize {
    let d = pass.points.d();
    let mut evaluated = 0;
    for start in (0..open).step_by(S::WIDTH) {
        let lanes = S::WIDTH.min(open - start);
        let indices = &scratch.open[start..start + lanes];
        let mut chosen = [0; WIDEST];
        let mut limit = [S::E::default(); WIDEST];
        for (l, &index) in indices.iter().enumerate() {
            chosen[l] = first + index as usize;
            limit[l] = scratch.least[index as usize] + scratch.reaches[index as usize];
        }
        let mut reaches = [S::E::default(); WIDEST];
        // SAFETY: one group fits the tile, which the first look is done with.
        unsafe {
            let which = Which::Some(indices, first);
            pack_screened::<L, S::E>(
                &pass.points,
                &which,
                &pass.frame,
                S::WIDTH,
                scratch.tile,
                &mut reaches,
            );
            let mut decide = Decide::<S> {
                points: &pass.points,
                centers: pass.centers,
                chosen,
                lanes,
                limit: S::load(limit.as_ptr()),
                distance: [f64::INFINITY; WIDEST],
                label: [0; WIDEST],
                evaluated: 0,
            };
            sweep::<S, 1, _>(
                scratch.tile.as_ptr(),
                d,
                &pass.panels,
                &mut decide,
                || (),
            );
            evaluated += decide.evaluated;
            for (l, &index) in indices.iter().enumerate() {
                scratch.labels[index as usize] = decide.label[l];
            }
        }
    }
    evaluated
}
