//! Points being screened: they are packed, and compared with the centers.

use core::ops::Range;

use super::input::{ScreenInput, ScreenResult, ScreenScratch, AT_A_TIME};
use super::nearest::Nearest;
use super::test::{Test, Tile};
use crate::assign::panel::{arrange_group, arranges, steps, sweep_few, sweep_panels, Sweep};
use crate::points::{Ahead, Which};
use crate::simd::products::{elements, Element, Screen};
use crate::simd::Lanes;

/// Points being screened.
pub(super) struct Screening<'a, 'b, E, F> {
    pub(super) input: &'a ScreenInput<'a, E, F>,
    pub(super) which: &'a Which<'a>,
    pub(super) count: usize,
    pub(super) ahead: Ahead,
    pub(super) scratch: &'a mut ScreenScratch<'b, E>,
    /// |X|² of the points that were packed last, for tests that have a limit.
    pub(super) squares: [f64; AT_A_TIME],
    /// Points to be tested again.
    pub(super) again: usize,
    pub(super) result: ScreenResult,
}

impl<E: Element, F: Test<E>> Screening<'_, '_, E, F> {
    /// Packs the `lanes` of points of few dimensions.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; there are these lanes, at most [`PACKED`](super::input::PACKED).
    #[inline(always)]
    pub(super) unsafe fn pack<L: Lanes, S: Screen<E = E>>(&mut self, lanes: Range<usize>) {
        let input = self.input;
        let which = self.which.part(lanes.clone());
        let chunk = 0..elements::<E>(input.points.d());
        let tile = Tile {
            width: S::WIDTH,
            elements: self.scratch.tile,
            error_bounds: &mut self.scratch.error_bounds[lanes.start..],
            squares: &mut [],
        };
        // SAFETY: the contract above.
        unsafe {
            input.test.pack::<L>(&input.points, &which, chunk, tile);
        }
    }

    /// Compares `G` packed groups of points of few dimensions with all centers: of so few elements that they stay in registers, or of more.
    ///
    /// # Safety
    /// The caller is compiled for `S`; the groups are in the tile from `place` on.
    #[inline(always)]
    pub(super) unsafe fn sweep_packed<S: Screen<E = E>, const G: usize, const FEW: bool>(
        &mut self,
        place: usize,
        nearest: &mut Nearest<S, G>,
    ) {
        let input = self.input;
        let elements = elements::<E>(input.points.d());
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
            let between = || ahead.ask(share);
            match FEW {
                true => sweep_few::<S, G, _>(&over, &input.panels, nearest, between),
                false => sweep_panels::<S, G, _>(&over, &input.panels, nearest, between),
            }
        }
    }

    /// Cache lines of the next block to ask for at each opportunity, when all elements are swept at once.
    #[inline(always)]
    fn share<S: Screen<E = E>, const G: usize>(&self, elements: usize) -> usize {
        let steps = steps::<S>(elements, self.input.panels.count());
        self.ahead.share(self.count.div_ceil(G * S::WIDTH) * steps)
    }

    /// Packs `G` groups and compares them with some centers, chunk by chunk.
    ///
    /// # Safety
    /// The caller is compiled for `L` and `S`; there are these `G` groups from `lane` on. The centers are at most [`KEPT`](super::input::KEPT), from
    /// a multiple of that on; those before them came before.
    #[inline(always)]
    pub(super) unsafe fn sweep_chunks<L: Lanes, S: Screen<E = E>, const G: usize>(
        &mut self,
        lane: usize,
        centers: Range<usize>,
        nearest: &mut Nearest<S, G>,
    ) {
        let Screening {
            input,
            which,
            count,
            ..
        } = *self;
        let d = input.points.d();
        let elements = elements::<E>(d);
        let panels = input.panels.part(centers.clone(), elements);
        let all = centers.end == input.panels.count();
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
                    error_bounds: &mut scratch.error_bounds[lane..],
                    squares: &mut self.squares,
                };
                // SAFETY: a tile has room for a chunk of the groups.
                unsafe {
                    input
                        .test
                        .pack::<L>(&input.points, &part, chunk.clone(), tile);
                }
                // Once for each time that they are packed.
                if const { arranges::<S>() } {
                    let length = chunk.len();
                    let groups = scratch
                        .tile
                        .chunks_exact_mut((length + E::SIDES) * S::WIDTH);
                    for group in groups.take(G) {
                        arrange_group::<S>(&mut group[..length * S::WIDTH]);
                    }
                }
            }
            // A chunk of everything: the next block, evenly. Else the next chunk.
            let mut next_chunk;
            let (ahead, share) = if chunk.len() == elements {
                (&mut self.ahead, share)
            } else {
                let dims = |from: usize| from..d.min(from + E::CHUNK * E::COORDINATES);
                next_chunk = match which {
                    Which::Listed(..) => Ahead::of(&input.points, 0..0, 0..0),
                    Which::Block(block) if last && all => {
                        let next = match lanes.end < count {
                            true => block.start + lanes.end,
                            false => scratch.next.start,
                        };
                        Ahead::of(&input.points, next..next + AT_A_TIME, dims(0))
                    }
                    Which::Block(block) => {
                        let points = block.start + lanes.start..block.start + lanes.end;
                        let next = if last { 0 } else { chunk.end };
                        Ahead::of(&input.points, points, dims(next * E::COORDINATES))
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
}
