//! The centers of a pass in groups, coded in 16 bits (L5), sixteen side by side.

use crate::assign::margin::{down, lowered, up, FAR, NEAR};
use crate::assign::precision::{
    code_center, far_root, near_root, CenterNorms, Int16Bound, PassCenters,
};
use crate::call::Shape;
use crate::quantize::int16::{self, scale, stride, Int16Coding};
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::{elements, Element, Pair};

/// The most groups of centers: bounds take as much memory as 16 coordinates of a point.
pub(super) const MOST: usize = 32;

/// Centers from which on groups of them are worthwhile, if vectors are narrower than 512 bits (docs/decisions.md#bounds-to-groups-of-centers).
const FEWEST_CENTERS: usize = 192;

/// Whether a fit of this shape has room for bounds to groups, also if its codes take too much for them to be used, since more centers are not to take less
/// memory (L38), or if its centers are too few for the vectors, on which memory does not depend. There are points enough for centers to be prepared, as many
/// as centers at least.
pub(super) fn suits(shape: &Shape) -> bool {
    int16::suits(shape) && shape.k >= FEWEST_CENTERS
}

/// Centers side by side.
pub(super) const BATCH: usize = 16;

/// Batches of sixteen centers, and groups of batches.
#[derive(Clone, Copy)]
pub(super) struct Batches {
    pub(super) k: usize,
    /// Batches in a group.
    pub(super) of_group: usize,
}

impl Batches {
    pub(super) fn new(k: usize) -> Self {
        Batches {
            k,
            of_group: k.div_ceil(BATCH * MOST).max(1),
        }
    }

    /// Centers in a group; the last one may have fewer.
    pub(super) fn group(self) -> usize {
        self.of_group * BATCH
    }

    /// How many groups there are.
    pub(super) fn groups(self) -> usize {
        self.k.div_ceil(self.group())
    }

    /// How many batches.
    pub(super) fn count(self) -> usize {
        self.k.div_ceil(BATCH)
    }

    /// Bounds of a point: one for each group, and others that fill vectors. More centers have no fewer.
    pub(super) fn bounds(self) -> usize {
        self.groups().next_multiple_of(BATCH)
    }
}

/// Pairs of a row with so many elements of 64 bits, as a point has, but for its norms.
fn row_length(stride: usize) -> usize {
    2 * (stride - 1)
}

/// Pairs of a batch: so many elements of each center, what its values start from, and its unit.
fn batch_length(elements: usize) -> usize {
    BATCH * (elements + Pair::NORMS)
}

/// Room for the centers of a pass.
pub(super) struct Room<'w> {
    batches: &'w mut [Pair],
    rows: &'w mut [Pair],
    norms: &'w mut [f32],
    moved: [&'w mut [f32]; 2],
}

impl<'w> Room<'w> {
    /// For centers of d dimensions.
    pub(super) fn cut(from: &mut impl Cut<'w>, batches: Batches, d: usize) -> Self {
        let (k, bounds) = (batches.k, batches.bounds());
        let batch = batch_length(elements::<Pair>(d));
        Room {
            batches: from.take(batches.count().saturating_mul(batch)),
            rows: from.take(k.saturating_mul(row_length(stride(d)))),
            norms: from.take(k.saturating_mul(Pair::NORMS)),
            moved: [from.take(bounds), from.take(bounds)],
        }
    }

    /// Bytes of the codes in batches, without norms.
    pub(super) fn bytes(&self) -> usize {
        let norms = self.norms.len().next_multiple_of(Pair::NORMS * BATCH);
        size_of::<Pair>() * (self.batches.len() - norms)
    }

    pub(super) fn forget(&mut self) {
        spoil(self.batches, Pair::default());
        spoil(self.rows, Pair::default());
        spoil(self.norms, f32::INFINITY);
        let [more, less] = &mut self.moved;
        spoil(more, f32::NEG_INFINITY);
        spoil(less, f32::INFINITY);
    }

    /// Codes the centers of a pass, in groups that have moved so far: not less, and not more. None, where they are out of range.
    pub(super) fn prepare<'a>(
        &'a mut self,
        pass: &PassCenters<'a>,
        batches: Batches,
        moved: [&[f64]; 2],
    ) -> Option<GroupedCenters<'a>> {
        let scale = scale(pass.length)?;
        let (k, d) = (pass.k(), pass.origin.len());
        assert!(k == batches.k);
        let coding = Int16Coding {
            origin: pass.origin,
            scale,
        };
        let (elements, stride) = (elements::<Pair>(d), stride(d));
        let (size, row) = (batch_length(elements), row_length(stride));
        let data = &mut self.batches[..batches.count() * size];
        let rows = &mut self.rows[..k * row];
        let norms = &mut self.norms[..k * Pair::NORMS];
        if !k.is_multiple_of(BATCH) {
            // Places without a center, whose values are greater than any.
            let last = &mut data[k / BATCH * size..];
            last.fill(Pair::default());
            last[BATCH * elements..][..BATCH].fill(Pair::INFINITY);
        }
        let mut error = 0.0f64;
        let centers = pass.centers.chunks_exact(d);
        let rooms = rows
            .chunks_exact_mut(row)
            .zip(norms.chunks_exact_mut(Pair::NORMS));
        for (j, (center, (row, norms))) in centers.zip(rooms).enumerate() {
            row.fill(Pair::default());
            let (of_center, off) = code_center(center, &coding, row.iter_mut());
            error = error.max(off);
            let of_center = [of_center.start, of_center.unit];
            norms.copy_from_slice(&of_center);
            let places = data[j / BATCH * size + j % BATCH..]
                .iter_mut()
                .step_by(BATCH);
            let theirs = row[..elements].iter().copied();
            let theirs = theirs.chain(of_center.map(Pair::of));
            places.zip(theirs).for_each(|(place, x)| *place = x);
        }
        let bounds = batches.bounds();
        let [more, less] = self.moved.each_mut().map(|moved| &mut moved[..bounds]);
        more.fill(0.0);
        less.fill(0.0);
        let groups = moved[0].iter().zip(moved[1]).take(batches.groups());
        for ((more, less), (&most, &least)) in more.iter_mut().zip(&mut *less).zip(groups) {
            // Rounded, and raised by what sums with it may be rounded by.
            (*more, *less) = (up(most * RAISED), down(least));
        }
        let factor = pass.units.scale / scale;
        Some(GroupedCenters {
            batches,
            groups: batches.groups(),
            elements,
            stride,
            coding,
            bound: Int16Bound::new(error),
            data,
            rows,
            norms,
            moved: [more, less],
            most: up(factor),
            least: down(factor),
            slack: f32::MIN_POSITIVE + up(pass.units.slack),
        })
    }
}

/// What covers two roundings to single precision, and a little more (L53).
const RAISED: f64 = 1.0 + 1.0 / (1 << 22) as f64;
const LOWERED: f32 = 1.0 - 1.0 / (1 << 22) as f32;

/// The centers of a pass in groups.
pub(in crate::assign) struct GroupedCenters<'a> {
    pub(super) batches: Batches,
    pub(super) groups: usize,
    /// Elements of a point, and elements of 64 bits in its row.
    pub(super) elements: usize,
    pub(super) stride: usize,
    pub(in crate::assign) coding: Int16Coding<'a>,
    pub(super) bound: Int16Bound,
    /// Batch after batch: element `e` of center `c` of a batch is at `e * BATCH + c`. What values start from, and units, follow.
    pub(super) data: &'a [Pair],
    /// The same codes, center by center, and norms.
    rows: &'a [Pair],
    norms: &'a [f32],
    /// S_g of all groups, and of no group up to a multiple of [`BATCH`]: not less, raised; and not more.
    pub(super) moved: [&'a [f32]; 2],
    /// How many units of margins are in a distance of 1 in the scale of the codes: not less, and not more.
    most: f32,
    least: f32,
    /// w, and what a product may be less by.
    slack: f32,
}

impl GroupedCenters<'_> {
    /// The elements of a batch, and then what values start from, and units.
    #[inline(always)]
    pub(super) fn batch(&self, batch: usize) -> &[Pair] {
        let size = batch_length(self.elements);
        &self.data[batch * size..][..size]
    }

    /// The codes of a center, as long as those of a point, and its norms.
    #[inline(always)]
    pub(super) fn center(&self, j: usize) -> (&[Pair], CenterNorms) {
        let length = row_length(self.stride);
        (&self.rows[j * length..][..length], self.norms(j))
    }

    /// The norms of a center.
    #[inline(always)]
    pub(super) fn norms(&self, j: usize) -> CenterNorms {
        let [start, unit] = [self.norms[2 * j], self.norms[2 * j + 1]];
        CenterNorms { start, unit }
    }

    /// (1 + α) s δ + w, at most, of a point with this |x'|², and the center of this value and error bound.
    #[inline(always)]
    pub(super) fn near(&self, square: f32, value: f32, error_bound: f32) -> f32 {
        let root = near_root(square, value, error_bound) * NEAR as f32;
        root * self.most * RAISED as f32 + self.slack
    }

    /// s δ, at least, of a point with this |x'|², and any center of this value or a greater one.
    #[inline(always)]
    pub(super) fn far(&self, square: f32, value: f32) -> f32 {
        let root = far_root(square, value) * FAR as f32;
        // Also where the root is of what is negative, and NaN.
        (root * self.least * LOWERED - f32::MIN_POSITIVE).max(0.0)
    }
}

/// The limit of bounds, S_g included, beyond which they prove centers to be farther than `near`.
#[inline(always)]
pub(super) fn limit(near: f32) -> f32 {
    near * RAISED as f32
}

/// A bound as it is kept, of the least distance and S_g.
#[inline(always)]
pub(super) fn kept(far: f32, moved: f32) -> f32 {
    (far + moved) * LOWERED
}

/// The margin between the least bound of other centers and the label's own.
#[inline(always)]
pub(super) fn margin(far: f32, near: f32) -> f32 {
    lowered(far * LOWERED - near)
}
